import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openWebLink } from '../../src/renderer/rpc/webLink.ts'
import type { WorkbenchLink } from '../../src/renderer/rpc/link.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { type FixtureServer, openFixtureServer } from '../support/fixtureServer.ts'

const camera = cameraIdSchema.parse('cam-01')
const undo: (() => Promise<void> | void)[] = []
afterEach(async () => { for (const step of undo.splice(0).reverse()) await step() })

async function bench(token = 'right', limitMs = 5000): Promise<{ server: FixtureServer; link: WorkbenchLink }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-page-'))
  undo.push(async () => { await rm(folder, { recursive: true }) })
  const server = await openFixtureServer(folder, { cameras: 4, nowMs: () => 1 }, 'right')
  undo.push(async () => { await server.close() })
  const link = openWebLink({ protocol: 'http:', host: new URL(server.url).host }, token, limitMs)
  undo.push(() => { link.close() })
  return { server, link }
}
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000; turn += 1) {
    if (holds()) return
    await new Promise((resolve) => { setTimeout(resolve, 10) })
  }
  throw new Error(`never: ${what}`)
}

test('calls, errors with code and hint, and streams come through', async () => {
  const { link } = await bench()
  await link.connected(new AbortController().signal)
  expect((await link.client.system.chips({})).map(({ name }) => name)).toContain('hi3516ev300')
  await expect(link.client.system.listFolder({ path: '/missing' })).rejects.toMatchObject({ code: 'input/not-found', hint: 'Check the spelling, or browse from the home folder.' })
  for await (const view of await link.client.rack.watch({})) {
    expect(view.pods[0]?.cameras.length).toBe(4)
    break
  }
})
test('the limit for opening does not end a link that is open', async () => {
  const { link } = await bench('right', 250)
  await link.connected(new AbortController().signal)
  const over = AbortSignal.timeout(400)
  await until('the limit is over', () => over.aborted)
  await link.client.system.chips({})
  expect(link.state.value).toMatchObject({ phase: 'connected', epoch: 1 })
})
test('a wrong token is told and not tried again', async () => {
  const { link } = await bench('wrong')
  await until('it is refused', () => link.state.value.phase === 'refused')
  expect(link.state.value.note).toContain('did not accept the token')
  await expect(link.client.system.chips({})).rejects.toMatchObject({ code: 'link/closed' })
})
test('a lost link comes back by itself, and a console goes on where it was', async () => {
  const { server, link } = await bench()
  await link.connected(new AbortController().signal)
  let text = ''
  let skipped = 0
  link.lane.watch(camera, 0, { onBytes: (bytes) => { text += new TextDecoder().decode(bytes) }, onSkipped: (count) => { skipped += count } })
  await until('history', () => text.endsWith('login: '))
  const history = text
  server.cut(true)
  await until('it is said', () => link.state.value.phase === 'lost')
  await expect(link.client.system.chips({})).rejects.toMatchObject({ code: 'link/closed' })
  server.workbench.say(camera, 'said while away. ')
  server.cut(false)
  await until('it is back', () => link.state.value.phase === 'connected')
  expect(link.state.value.epoch).toBe(2)
  server.workbench.say(camera, 'said after.')
  await until('both', () => text.endsWith('said after.'))
  expect(text).toBe(`${history}said while away. said after.`)
  expect(skipped).toBe(0)
})
test('a workbench that is not there leaves no error behind that nobody caught', async () => {
  const { server, link } = await bench()
  await link.connected(new AbortController().signal)
  const uncaught: unknown[] = []
  const note = (error: unknown): void => { uncaught.push(error) }
  process.on('unhandledRejection', note)
  undo.push(() => { process.off('unhandledRejection', note) })
  await server.close()
  await until('it is said', () => link.state.value.phase === 'lost')
  const later = AbortSignal.timeout(900)
  await until('it was tried again', () => later.aborted)
  expect(uncaught).toEqual([])
  expect(link.state.value.phase).toBe('lost')
})
test('a call that was under way when the link broke ends with an error that says so', async () => {
  const { server, link } = await bench()
  await link.connected(new AbortController().signal)
  const stream = await link.client.rack.watch({})
  const steps = stream[Symbol.asyncIterator]()
  await steps.next()
  const next = steps.next()
  server.cut(true)
  await expect(next).rejects.toMatchObject({ code: 'link/closed' })
})
