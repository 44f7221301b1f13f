import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFleetService } from '../../../src/main/core/fleet/commandService.ts'
import { createFrozenContract } from '../../../src/main/drivers/mqtt/frozenContract.ts'
import { openSqliteFleet } from '../../../src/main/drivers/storage/fleet/sqliteFleet.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import type { AckStatus } from '../../../src/shared/fleet/command.schema.ts'
import type { FleetStore } from '../../../src/shared/fleet/fleetStore.ts'
import { ackTopic } from '../../../src/shared/fleet/topics.ts'
import { clientA, clientB, someCommandId } from '../../support/commandFixture.ts'
import { ackText } from '../../support/fleetBench.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

/** The service on a file that a second program reads, and whose writing of acks may fail. */
function openRig() {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-group-'))
  const file = join(folder, 'fleet.sqlite')
  const [own, other] = [openSqliteFleet(file), openSqliteFleet(file)]
  onTestFinished(() => { own.close(); other.close(); rmSync(folder, { recursive: true, force: true }) })
  const disk = { isFullAfter: Infinity, commits: 0 }
  const store: FleetStore = {
    ...own,
    together: (work) => { disk.commits += 1; return own.together(work) },
    keepAck: (...given) => { if ((disk.isFullAfter -= 1) < 0) throw new WorkbenchError('host/disk-full', 'The disk is full'); return own.keepAck(...given) },
  }
  let ids = 0
  const service = createFleetService({
    store, clock: createVirtualClock(), transitional: false, contract: createFrozenContract(), via: 'here', log: () => undefined,
    newId: () => `c0000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`, broker: { isConnected: () => false, publish: async () => undefined },
  })
  const message = (client: string, id: string, status: AckStatus) => ({ topic: ackTopic(client), payload: new TextEncoder().encode(ackText(id, status)), retain: false })
  return { service, other, disk, message, issue: (clientUuid: string): string => service.issue({ clientUuid, action: 'reboot_host' }).command.id }
}

test('acks that came in one piece are kept by one commit, and nothing of them is told before another program can read it', () => {
  const { service, other, disk, message, issue } = openRig()
  const [a, b] = [issue(clientA), issue(clientB)]
  const told: string[] = []
  service.listen(({ id, state }) => { told.push(`${id === a ? 'a' : 'b'} ${state}, kept as ${other.command(id)?.state ?? ''}`) })
  const before = disk.commits
  service.receive([message(clientA, a, 'accepted'), message(clientB, b, 'accepted'), message(clientB, someCommandId, 'accepted'), message(clientA, a, 'execution_started')])
  expect(disk.commits - before).toBe(1)
  expect(told).toEqual(['a accepted, kept as awaiting_reconnect', 'b accepted, kept as accepted', 'a awaiting_reconnect, kept as awaiting_reconnect'])
  expect(other.security(5)).toMatchObject([{ kind: 'unknown_command' }])
})

test('one of them that cannot be kept: none is, nobody is told, and brought again they are all there', () => {
  const { service, other, disk, message, issue } = openRig()
  const [a, b] = [issue(clientA), issue(clientB)]
  const told: string[] = []
  service.listen(({ state }) => { told.push(state) })
  disk.isFullAfter = 1
  const piece = [message(clientA, a, 'completed'), message(clientB, b, 'completed')]
  expect(() => { service.receive(piece) }).toThrow('The disk is full')
  expect([told, other.command(a)?.state, other.command(b)?.state, other.acks(a)]).toEqual([[], 'queued', 'queued', []])
  disk.isFullAfter = Infinity
  service.receive(piece)
  expect([told, other.command(a)?.state, other.command(b)?.state]).toEqual([['completed', 'completed'], 'completed', 'completed'])
})
