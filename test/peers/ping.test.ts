import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { pingHost, systemPing } from '../../src/main/drivers/network/pingProgram.ts'
import { batchPlanSchema } from '../../src/shared/batch/batchPlan.schema.ts'
import { freeUdpPort } from '../support/freePort.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const within = (): AbortSignal => AbortSignal.timeout(20_000)

describeWithPeer("the ping of a soak by the system's own program", findProgram('ping') === undefined ? ['ping'] : [], () => {
  test('who is there answers; a name that nobody has is nothing that a camera could be blamed for', async () => {
    expect(await systemPing.isThere()).toBe(true)
    await pingHost('127.0.0.1', within())
    await expect(pingHost('nobody.invalid', within())).rejects.toMatchObject({ code: 'host/io' })
  })

  test('a soak that wants a ping of its camera passes on the demo rack', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-ping-soak-'))
    onTestFinished(async () => rm(folder, { recursive: true, force: true }))
    const { setup, batches, close } = await createWorkbench({
      host: 'web', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: await freeUdpPort(), resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
    })
    onTestFinished(close)
    await setup.openDemo()
    const { id } = await batches.start(batchPlanSchema.parse({ name: 'soak', cameras: { ids: ['cam-01'] }, workflow: 'soak', checks: { ping: true } }))
    const engine = await batches.engine()
    while (!engine.get(id).end) {
      const news = engine.changed(within())
      if (!engine.get(id).end) await news
    }
    expect(engine.get(id)).toMatchObject({ end: { state: 'passed' }, items: [{ attempts: [{ result: { outcome: 'passed' } }] }] })
  })
})
