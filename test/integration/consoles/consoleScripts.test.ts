import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLocalWorkbench } from '../../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { type ScriptView, usualTools } from '../../../src/shared/consoles/consoleTools.schema.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { createFakeCli } from '../../support/fakeCli.ts'
import { openConsoleBench, openFarCamera, type Window } from '../../support/consoleBench.ts'

async function bench() {
  const made = await openConsoleBench()
  const far = await openFarCamera()
  const cameraId = made.add(far.url)
  await expect.poll(() => made.workbench.rack.camera(cameraId).console.stats().state).toBe('open')
  return { ...made, far, cameraId, ann: await made.window('Ann') }
}
async function ended({ client }: Window, cameraId: CameraId): Promise<ScriptView> {
  for await (const view of await client.consoles.watchScript({ cameraId }, { signal: AbortSignal.timeout(20_000) })) if (view.state !== 'running') return view
  throw new Error('the stream ended')
}
const words = (view: ScriptView): string => view.log.map(({ text }) => text).join('\n')

test('a script logs in, takes a value out of an answer and uses it', async () => {
  const { far, cameraId, ann } = await bench()
  far.answer('root\r', 'Password: ')
  far.answer('secret\r', '\r\nOpenIPC # ')
  far.answer('id\r', 'serial: AB-17\r\nOpenIPC # ')
  far.answer('echo AB-17 Gate\r', 'AB-17 Gate\r\nOpenIPC # ')
  await ann.client.consoles.startScript({ cameraId, viewer: ann.viewer, name: 'Log in', text: [
    '# as on the bench', 'send "root"', 'expect "Password:" within 10s', 'send "secret"', 'expect /# $/ within 10s else fail "no prompt"',
    'send "id"', 'expect "# " within 10s', 'set serial from /serial: (\\S+)/', 'wait 10ms', 'send "echo {serial} {camera}"', 'expect "AB-17 Gate" within 10s',
  ].join('\n') })
  const view = await ended(ann, cameraId)
  expect(words(view)).toContain('serial is "AB-17"')
  expect(view).toMatchObject({ state: 'done', name: 'Log in', by: 'Ann' })
  expect(far.heard()).toBe('root\rsecret\rid\recho AB-17 Gate\r')
  // It gave everything back.
  await ann.client.consoles.type({ cameraId, text: 'x', viewer: ann.viewer })
})

test('what does not come is told in the words of the script', async () => {
  const { far, cameraId, ann } = await bench()
  await ann.client.consoles.startScript({ cameraId, viewer: ann.viewer, name: 'x', text: 'send "a"\nexpect "never" within 200ms else fail "the camera is deaf"\nsend "b"' })
  expect(await ended(ann, cameraId)).toMatchObject({ state: 'failed', log: expect.arrayContaining([expect.objectContaining({ text: 'Line 2: the camera is deaf' })]) as unknown })
  expect(far.heard()).toBe('a\r')
})

test('while it runs it has the writer and the camera; stop ends it, and so does a pattern that thinks for years', async () => {
  const { far, workbench, cameraId, ann, window } = await bench()
  const bob = await window('Bob')
  const seen = await bob.look(cameraId)
  await ann.client.consoles.startScript({ cameraId, viewer: ann.viewer, name: 'Wait', text: 'wait 10m' })
  await expect.poll(() => seen.at(-1)).toMatchObject({ who: 'job', name: 'script Wait of Ann' })
  for (const act of [async () => bob.client.consoles.type({ cameraId, text: 'b', viewer: bob.viewer }), async () => bob.client.rack.power({ cameraId, action: 'cycle' }), async () => bob.client.consoles.startScript({ cameraId, viewer: bob.viewer, name: 'Two', text: 'wait 1s' })]) {
    await expect(act()).rejects.toMatchObject({ data: { code: 'pod/busy', message: expect.stringContaining('script Wait of Ann') as string } })
  }
  await bob.client.consoles.stopScript({ cameraId })
  expect(await ended(bob, cameraId)).toMatchObject({ state: 'stopped', name: 'Wait' })
  await expect.poll(() => seen.at(-1)?.who).toBe('nobody')
  await ann.client.consoles.startScript({ cameraId, viewer: ann.viewer, name: 'Years', text: 'expect /^(a+)+$/ within 1m' })
  far.say(`${'a'.repeat(4_000)}!`)
  const years = await ended(ann, cameraId)
  expect(years.state).toBe('failed')
  expect(words(years)).toContain('takes too long')
  expect(workbench.rack.camera(cameraId).console.holder()).toBeUndefined()
})

test('a window that is closed stops no script; a writer who is somebody else does', async () => {
  const { far, cameraId, ann, window } = await bench()
  const bob = await window('Bob')
  await ann.look(cameraId)
  await ann.client.consoles.takeWriter({ cameraId, viewer: ann.viewer })
  await expect(bob.client.consoles.startScript({ cameraId, viewer: bob.viewer, name: 'x', text: 'wait 1s' })).rejects.toMatchObject({ data: { code: 'pod/busy', message: expect.stringContaining('Ann types') as string } })
  await ann.client.consoles.startScript({ cameraId, viewer: ann.viewer, name: 'On', text: 'expect "go" within 20s\nsend "gone"' })
  ann.die()
  far.say('go')
  expect((await ended(bob, cameraId)).state).toBe('done')
  expect(far.heard()).toBe('gone\r')
})

test('bad scripts, bad rules and too large ones are refused, and nothing is kept of them', async () => {
  const { cameraId, ann, folder } = await bench()
  const start = async (text: string): Promise<unknown> => ann.client.consoles.startScript({ cameraId, viewer: ann.viewer, name: 'x', text })
  await expect(start('sned "root"')).rejects.toMatchObject({ data: { code: 'input/malformed', message: expect.stringContaining('Line 1') as string } })
  await expect(start('wait 1s\n'.repeat(5_000))).rejects.toMatchObject({ data: { code: 'input/too-large' } })
  await expect(start('wait 1s\n'.repeat(10_000))).rejects.toMatchObject({ data: { code: 'input/malformed' } })
  const [rule] = usualTools.rules
  await expect(ann.client.consoles.saveTools({ rules: [{ ...rule!, match: { kind: 'pattern', source: '(', ignoreCase: false } }] })).rejects.toMatchObject({ data: { code: 'input/malformed' } })
  await expect(ann.client.consoles.saveTools({ rules: [rule!, rule!] })).rejects.toMatchObject({ data: { code: 'input/malformed' } })
  await expect(ann.client.consoles.saveTools({ rules: [{ ...rule!, run: { what: 'dump', folder: 'here', everyMinutes: 5 } }] })).rejects.toMatchObject({ data: { code: 'input/malformed' } })
  expect((await ann.client.consoles.tools({})).tools).toEqual(usualTools)
  await ann.client.consoles.saveTools({ macros: [{ name: 'Who', text: 'id {ask:Ticket}', pauseMs: 20 }] })
  expect(JSON.parse(await readFile(join(folder, 'data', 'consoleTools.json'), 'utf8'))).toMatchObject({ version: 1, macros: [{ name: 'Who' }], rules: usualTools.rules })
})

test('a rule is met with no window open: the card says so, a window that comes later learns of it, and its act is told', async () => {
  const { far, workbench, cameraId, ann } = await bench()
  await ann.client.consoles.saveTools({ rules: [{ id: 'mine', name: 'Mine', on: true, match: { kind: 'pattern', source: 'serial (\\d+)', ignoreCase: true }, tone: 'warn', notify: true, run: { what: 'power-cycle', everyMinutes: 1 } }, ...usualTools.rules] })
  far.say('Kernel panic - not syncing: no init found\r\nSerial 42\r\n')
  await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.alarms?.count).toBe(3)
  const late: string[] = []
  for await (const hits of await ann.client.consoles.watchHits({ cameraId, after: 0 })) {
    late.push(...hits.map(({ rule, line }) => `${rule}: ${line}`))
    if (late.length >= 3) break
  }
  expect(late[0]).toBe('Kernel panic: Kernel panic - not syncing: no init found')
  expect(late[1]).toBe('Mine: Serial 42')
  // Nobody can switch this camera, and that is said; nothing else was done.
  expect(late[2]).toContain('Mine: not run: ')
  await ann.client.consoles.clearAlarms({ cameraId })
  expect(workbench.rack.view().pods[0]?.cameras[0]).not.toHaveProperty('alarms')
})

test('rackbench console script: the log line by line, and the exit code says how it ended', async () => {
  const { folder } = await openConsoleBench()
  const far = await openFarCamera()
  far.answer('id\r', 'serial: 17\r\n')
  const path = join(folder, 'id.script')
  const run = async (text: string, interrupted = false) => {
    await writeFile(path, text)
    const fake = createFakeCli()
    if (interrupted) setTimeout(() => { fake.interrupt() }, 300)
    const exitCode = await runCli(['console', 'script', path, '-p', far.url, '--data', join(folder, 'cli'), '--output', 'json'], {
      ...fake.deps, openWorkbench: async (options) => openLocalWorkbench({ version: '1', homeFolder: folder, environment: {}, resourcesFolder: join(import.meta.dirname, '../../../resources') }, options),
    })
    return { exitCode, events: fake.events(), err: fake.err.lines }
  }
  const good = await run('send "id"\nexpect "serial:" within 10s\nwait 50ms\nset serial from /serial: (\\d+)/')
  expect(good.events.filter(({ event }) => event === 'step').map((event) => event['text'])).toContain('serial is "17"')
  expect(good).toMatchObject({ exitCode: 0, err: [] })
  expect(good.events.at(-1)).toMatchObject({ event: 'done', success: true, state: 'done' })
  const deaf = await run('expect "never" within 100ms else fail "deaf"')
  expect(deaf.events.at(-1)).toMatchObject({ event: 'done', success: false, state: 'failed' })
  expect(deaf.exitCode).not.toBe(0)
  expect(await run('wait 10m', true)).toMatchObject({ exitCode: 7 })
  // Before the line is opened: nothing of it is sent.
  const large = await run('#'.repeat(65_537))
  expect(large.events[0]).toMatchObject({ event: 'error', code: 'input/too-large', message: `${path} holds more than 65536 bytes` })
})
