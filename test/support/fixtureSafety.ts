import { implement } from '@orpc/server'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import type { PowerStep } from '../../src/shared/rack/powerAct.schema.ts'
import { createAuditLog, createMemoryAuditStore } from '../../src/main/core/audit/auditLog.ts'
import { auditContract, powerManyContract, secretsContract } from '../../src/shared/contracts/safety.contract.ts'
import { hashText } from '../../src/main/composition/auditDesk.ts'

/** A morning's acts. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- what oRPC infers
export function fixtureSafety(nowMs: number) {
  let atMs = nowMs - 3_600_000
  const audit = createAuditLog({ store: createMemoryAuditStore(), clock: { wallMs: () => (atMs += 61_000) }, who: { host: 'electron', user: 'lab' }, hashText, log: () => undefined })
  const begun = audit.append({ what: 'restore', subject: 'cam-02', details: { job: 'job-running', title: 'Restore cam-02' } })
  audit.append({ what: 'power cycle', subject: 'cam-02', details: { by: 'Restore cam-02' } })
  audit.outcome(begun, { outcome: 'succeeded', verdict: 'restored and booted' })
  audit.append({ what: 'keep secret', subject: 'pod-9' })
  const log = implement(auditContract)
  const kept = implement(secretsContract)
  return {
    audit: { export: log.export.handler(() => ({ path: '/home/lab/.local/share/rackbench/exports/audit-2026-05-12-08-30-00.jsonl', entries: audit.lines().length, bytes: 1_860, head: audit.verify().head })), list: log.list.handler(({ input }) => audit.list(input)), verify: log.verify.handler(({ input }) => audit.verify(input.head)) },
    secrets: { where: kept.where.handler(() => ({ kind: 'file' as const, isProtected: false, words: 'In a file that only this user can read. It is not encrypted: a host without a window has no keychain', path: '/home/lab/.local/share/rackbench/secrets/plain.json', count: 2, sealedCount: 0, notices: [] })) },
  }
}

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- what oRPC infers
export function fixtureMany(calls: string[], outcomeOf: (id: CameraId) => PowerStep) {
  return {
    many: implement(powerManyContract).many.handler(async function* ({ input }) {
      calls.push(`many ${input.action} ${String(input.cameraIds.length)} every ${String(input.staggerMs)} confirm ${input.confirm ?? 'none'}`)
      for (const cameraId of input.cameraIds) yield await Promise.resolve({ cameraId, state: 'waiting' as const, note: '' })
      for (const cameraId of input.cameraIds) yield outcomeOf(cameraId)
    }),
  }
}
