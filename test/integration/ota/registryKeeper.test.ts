import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { hashText } from '../../../src/main/composition/auditDesk.ts'
import { createRegistryDesk, type RegistryDesk } from '../../../src/main/composition/registryKeeper.ts'
import { createAuditLog, createMemoryAuditStore } from '../../../src/main/core/audit/auditLog.ts'
import { makeNodeImage } from '../../../src/main/sim/node/nodeImage.ts'
import { defaultChannel, defaultProduct } from '../../../src/shared/ota/registry.schema.ts'
import { createRealClock } from '../../support/realClock.ts'
import { ask, noSignal, openBench } from '../../support/registryBench.ts'

interface Bench { readonly folder: string; readonly desk: () => RegistryDesk }

async function bench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-keeper-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const clock = createRealClock()
  const kept = new Map<string, string>()
  const secrets = { get: async (ref: string) => kept.get(ref), put: async (ref: string, secret: string) => { kept.set(ref, secret) }, remove: async (ref: string) => { kept.delete(ref) } }
  const audit = createAuditLog({ store: createMemoryAuditStore(), clock, who: { host: 'web', user: 'lab' }, hashText, log: () => undefined })
  return {
    folder,
    desk: () => {
      const desk = createRegistryDesk({ clock, dataFolder: folder, audit, secrets, who: 'web', log: () => undefined })
      onTestFinished(async () => desk.close())
      return desk
    },
  }
}

test('the door is opened, told, kept over a restart, and closed', async () => {
  const { folder, desk } = await bench()
  const first = desk()
  await first.start()
  // Nobody asked for firmware, so no file was made for it.
  expect(await readdir(folder)).toEqual([])
  await writeFile(join(folder, 'fw-1.0.0.bin'), makeNodeImage({ version: '1.0.0' }))
  const views = first.watch(noSignal)
  expect((await views.next()).value).toMatchObject({ door: { state: 'closed', hasToken: false }, images: [], rollouts: [] })
  const state = await first.setDoor({ enabled: true, address: '127.0.0.1', port: 0 }, 'token')
  expect(state).toMatchObject({ state: 'open', hasToken: true })
  await first.add({ path: join(folder, 'fw-1.0.0.bin') }, noSignal)
  await (await first.registry()).publish({ product: defaultProduct, channel: defaultChannel, version: '1.0.0', percent: 100, groups: [] }, noSignal)
  const [nodes, url] = [first.watchNodes(noSignal), state.url ?? '']
  const news = nodes.next()
  expect((await ask(`${url}/api/v1/firmware/latest?node=hall&running=0.9.0`)).json).toMatchObject({ version: '1.0.0' })
  expect((await news).value).toMatchObject({ id: 'hall', phase: 'waiting' })
  expect((await views.next()).value).toMatchObject({ door: { state: 'open' }, images: [{ version: '1.0.0' }], rollouts: [{ counts: { waiting: 1 } }] })
  await first.close()
  await expect(ask(`${url}/api/v1/firmware/latest`)).rejects.toThrow()

  const next = desk()
  await next.start()
  const views2 = next.watch(noSignal)
  const { value } = await views2.next()
  expect(value).toMatchObject({ door: { state: 'open', hasToken: true }, channels: [{ current: { version: '1.0.0' } }] })
  expect(await next.setDoor({ enabled: false, address: '127.0.0.1', port: 0 }, '')).toMatchObject({ state: 'closed', hasToken: false })
})

test('a port that is taken is told, and the rest goes on', async () => {
  const { desk } = await bench()
  const { port } = await (await openBench()).door()
  const one = desk()
  await expect(one.setDoor({ enabled: true, address: '127.0.0.1', port }, undefined)).rejects.toMatchObject({ code: 'host/port-in-use' })
  expect((await one.watch(noSignal).next()).value).toMatchObject({ door: { state: 'failed', problem: expect.stringContaining('in use') as string } })
  const two = desk()
  await two.start()
  expect((await two.watch(noSignal).next()).value).toMatchObject({ door: { state: 'failed' }, images: [] })
})
