import { isAbsolute, join } from 'node:path'
import type { BundleMade, BundlePlan, BundleRequest, RedactionKind } from '../../shared/captures/bundle.schema.ts'
import type { CaptureSession } from '../../shared/captures/captures.schema.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { wallText } from '../core/report/reportText.ts'
import { writeZip } from '../drivers/files/zipFile.ts'
import { openRedactor, type OpenRedactor } from '../drivers/storage/redaction/openRedactor.ts'
import { type BundleChoice, type BundleDeskDeps, bundleParts, readConsole } from './bundleParts.ts'

/** Larger ones nobody mails, and reading them would take many minutes. */
const mostConsoleBytes = 512 * 2 ** 20
const mostZipBytes = 2 ** 30
const mostSessions = 2_000
const mostJobs = 1_000

export interface BundleDesk {
  plan(request: BundleRequest, signal: AbortSignal): Promise<BundlePlan>
  make(request: BundleRequest, signal: AbortSignal): Promise<BundleMade>
}

/** One zip with what somebody else needs to understand what happened, without what is nobody's business. */
export function createBundleDesk(deps: BundleDeskDeps): BundleDesk {
  const { clock, captures, jobs, dataFolder } = deps
  const choose = async (request: BundleRequest): Promise<BundleChoice> => {
    const { cameras, sinceMs = -Infinity, untilMs = Infinity } = request
    const isOf = (camera: CaptureSession['camera']): boolean => cameras.length === 0 || cameras.includes(camera)
    const sessions = request.withConsoles ? (await captures.sessions({ sinceMs: request.sinceMs, untilMs: request.untilMs })).filter(({ camera }) => isOf(camera)) : []
    const chosen = request.withJobs ? jobs.list().filter((job) => isOf(job.camera) && (request.jobs.length === 0 ? (job.endedAtMs ?? Infinity) >= sinceMs && job.queuedAtMs < untilMs : request.jobs.includes(job.id))) : []
    const unknown = request.jobs.find((id) => request.withJobs && !chosen.some((job) => job.id === id))
    if (unknown !== undefined) throw new WorkbenchError('input/not-found', `There is no job ${unknown} of these cameras`, { hint: '"rackbench jobs" lists them' })
    if (sessions.length > mostSessions || chosen.length > mostJobs) throw new WorkbenchError('input/too-large', `${sessions.length} sessions and ${chosen.length} jobs are too many for one bundle`, { hint: 'Choose fewer cameras, or a shorter time' })
    return { request, sessions: [...sessions].reverse(), jobs: chosen }
  }
  const pathOf = ({ path }: BundleRequest): string => {
    const chosen = path ?? join(dataFolder, 'bundles', `rackbench-${wallText(clock.wallMs()).slice(0, 19).replaceAll(/[-:]/g, '').replace(' ', '-')}.zip`)
    if (!isAbsolute(chosen)) throw new WorkbenchError('input/malformed', 'The path of a bundle begins at the root', { context: { path: chosen } })
    return chosen
  }
  /** The first reading: how much there is, and what the rules find in it. */
  const scan = async ({ request, sessions, jobs: chosen }: BundleChoice, redactor: OpenRedactor, signal: AbortSignal): Promise<number> => {
    let bytes = 0
    for (const session of sessions) {
      for await (const batch of readConsole(captures, session, request, signal)) {
        bytes += batch.bytes
        if (bytes > mostConsoleBytes) throw new WorkbenchError('input/too-large', `The consoles have more than ${mostConsoleBytes / 2 ** 20} MiB to say`, { hint: 'Choose fewer cameras, or a shorter time' })
        await redactor.lines(session.session, batch.lines, signal)
      }
    }
    for (const job of chosen) await redactor.value(job, signal)
    return bytes
  }
  const withRedactor = async <T>({ redaction }: BundleRequest, work: (redactor: OpenRedactor) => Promise<T>): Promise<T> => {
    const redactor = openRedactor(redaction, clock)
    try {
      return await work(redactor)
    } finally {
      await redactor.close()
    }
  }
  return {
    plan: async (request, signal) => withRedactor(request, async (redactor) => {
      const path = pathOf(request)
      const choice = await choose(request)
      const bytes = await scan(choice, redactor, signal)
      return {
        path, bytes, cameras: new Set([...choice.sessions.map(({ camera }) => camera), ...choice.jobs.map(({ camera }) => camera)]).size,
        consoles: choice.sessions.map(({ camera, cameraName, session, startedAtMs, endedAtMs, startOffset, endOffset }) => ({ camera, cameraName, session, startedAtMs, endedAtMs, bytes: endOffset - startOffset })),
        jobs: choice.jobs.map(({ id, title, state, queuedAtMs }) => ({ id, title, state, queuedAtMs })),
        found: foundOf(await redactor.counts(signal)), warnings: warningsOf(choice),
      }
    }),
    make: async (request, signal) => withRedactor(request, async (redactor) => {
      const path = pathOf(request)
      const choice = await choose(request)
      await scan(choice, redactor, signal)
      await redactor.useLearned(signal)
      const told = { files: 0, removed: {} as Partial<Record<RedactionKind, number>> }
      const bytes = await writeZip(path, bundleParts({ ...deps, redactor, choice, signal, tell: (files, removed) => { told.files = files; told.removed = removed } }), mostZipBytes, signal)
      return { path, bytes, files: told.files, found: foundOf(told.removed) }
    }),
  }
}

const foundOf = (counts: Partial<Record<RedactionKind, number>>): BundleMade['found'] => Object.entries(counts).map(([kind, count]) => ({ kind: kind as RedactionKind, count }))

function warningsOf({ request, sessions, jobs }: BundleChoice): string[] {
  const { redaction } = request
  return [
    ...(request.withRawBytes ? ['Raw bytes go in as they are: nothing is taken out of them'] : []),
    ...(redaction.rules.length + redaction.words.length + redaction.patterns.length === 0 ? ['Nothing is taken out: every secret that a console told goes in'] : []),
    ...(sessions.length === 0 && request.withConsoles ? ['Nothing was captured of these cameras in this time'] : []),
    ...(jobs.length === 0 && request.withJobs ? ['There is no job of these cameras in this time'] : []),
  ]
}
