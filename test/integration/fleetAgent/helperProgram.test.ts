import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runFleetAgent } from '../../../src/main/composition/fleetAgentService.ts'
import { createAgentStateFile } from '../../../src/main/drivers/fleetAgent/agentStateFile.ts'
import { createHelperProgram, type HelperEnding } from '../../../src/main/drivers/fleetAgent/helperProgram.ts'
import type { CommandAction } from '../../../src/shared/fleet/command.schema.ts'
import { createScaledClock } from '../../../src/main/drivers/host/systemClock.ts'
import { createRealClock } from '../../support/realClock.ts'
import { screen } from '../../support/fleetAgentRig.ts'

const noSignal = new AbortController().signal
const isRoot = process.getuid?.() === 0

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-helper-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}

async function helperOf(body: string, name = 'helper', mode = 0o755): Promise<{ readonly folder: string; readonly program: string }> {
  const folder = await folderOf()
  const program = join(folder, name)
  await writeFile(program, `#!/bin/sh\n${body}\n`)
  await chmod(program, mode)
  return { folder, program }
}

/** 15 s are 1.5 s here. */
const clock = createScaledClock(createRealClock(), 10)
const run = async (program: string, sudo?: string, action: CommandAction = 'reboot_host', signal = noSignal): Promise<HelperEnding> => createHelperProgram({ program, sudo, clock }).run(action, signal)

test('no shell between: a path with words of a shell in it is a path', async () => {
  const { folder, program } = await helperOf('printf "[%s]" "$@" > "${0%/*}/calls"', 'helper; touch planted #')
  expect(await run(program)).toEqual({ kind: 'started' })
  expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('[reboot_host]')
  expect(await readdir(folder)).not.toContain('planted')
})

test('it sees nothing of our environment: a password least of all', async () => {
  const { folder, program } = await helperOf('env > "${0%/*}/calls"')
  process.env['MQTT_PASSWORD_BROKER'] = 'geheim'
  onTestFinished(() => { delete process.env['MQTT_PASSWORD_BROKER'] })
  await run(program)
  expect(await readFile(join(folder, 'calls'), 'utf8')).not.toContain('geheim')
})

test('a helper that hangs, with a child that hangs: over after its 15 s, and both are gone', async () => {
  const { folder, program } = await helperOf('sleep 50 & echo $! > "${0%/*}/child"; wait')
  expect(await run(program)).toMatchObject({ kind: 'failed', code: 'execution_timeout' })
  const child = Number(await readFile(join(folder, 'child'), 'utf8'))
  let isThere = true
  for (let look = 0; look < 200 && isThere; look += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 10) })
    // A killed orphan is a zombie until somebody looks after it.
    isThere = await readFile(`/proc/${child}/stat`, 'utf8').then((text) => !text.includes(') Z'), () => false)
  }
  expect(isThere).toBe(false)
})

test('a grandchild that keeps the pipe open keeps nobody waiting', async () => {
  const { program } = await helperOf('sleep 3 & exit 0')
  expect(await run(program)).toEqual({ kind: 'started' })
})

test('its last words are in the message, in one line and bounded', async () => {
  const { program } = await helperOf('i=0; while [ $i -lt 3000 ]; do echo "no \\033[2J $i"; i=$((i+1)); done >&2; exit 3')
  const ending = await run(program)
  expect(ending).toMatchObject({ kind: 'failed', code: 'execution_failed', words: expect.stringMatching(/^reboot_host ended with 3: no /) as string })
  expect(ending.kind === 'failed' && ending.words.length < 600 && !['\n', '\u001b'].some((mark) => ending.words.includes(mark))).toBe(true)
})

test('killed by something else says that nobody knows; our own end kills it', async () => {
  const { program } = await helperOf('kill -9 $$')
  expect(await run(program)).toEqual({ kind: 'cut-off' })
  const slow = await helperOf('sleep 50')
  const over = new AbortController()
  const running = run(slow.program, undefined, 'reboot_host', over.signal)
  over.abort(new Error('told to end'))
  await expect(running).rejects.toThrow('told to end')
})

test.runIf(isRoot)('through sudo: its argv is -n, the program and the action; its refusal is permission_denied', async () => {
  const sudo = await helperOf('printf "[%s]" "$@" > "${0%/*}/calls"', 'sudo')
  const { program } = await helperOf('exit 0')
  expect(await run(program, sudo.program, 'shutdown_host')).toEqual({ kind: 'started' })
  expect(await readFile(join(sudo.folder, 'calls'), 'utf8')).toBe(`[-n][${program}][shutdown_host]`)
  const strict = await helperOf('echo "sudo: a password is required" >&2; exit 1', 'sudo')
  expect(await run(program, strict.program)).toMatchObject({ kind: 'failed', code: 'permission_denied' })
  // Whoever can write what root runs is root.
  await chmod(program, 0o775)
  await rm(join(sudo.folder, 'calls'))
  expect(await run(program, sudo.program)).toMatchObject({ kind: 'failed', code: 'permission_denied', words: expect.stringContaining('root') as string })
  expect(await readdir(sudo.folder)).not.toContain('calls')
  expect(await run(join(sudo.folder, 'nothing'), sudo.program)).toMatchObject({ code: 'helper_missing' })
})

test('a damaged state is moved aside, and that it was lost is on the disk before anything else happens', async () => {
  const folder = await folderOf()
  const statePath = join(folder, 'deep/er/state.json')
  const bootIdPath = join(folder, 'boot_id')
  await writeFile(bootIdPath, 'b0070001-0\n')
  const file = createAgentStateFile(statePath, screen, () => 5)
  expect(await file.read()).toMatchObject({ state: { commands: [], refuse_issued_until: null } })
  for (const text of ['', '{', '{}', 'x'.repeat(100), JSON.stringify({ version: 2 })]) {
    await writeFile(statePath, text)
    const over = new AbortController()
    const news: string[] = []
    const running = runFleetAgent({ broker: 'mqtt://127.0.0.1:1', client: screen, statePath, helper: 'mock', bootIdPath, environment: {}, log: () => { over.abort(new Error('seen enough')) }, tell: (each) => { news.push(each.event) } }, {}, over.signal)
    await running
    expect(news).toEqual(['problem'])
    expect((await file.read()).state.refuse_issued_until).toMatch(/^20/)
  }
  expect((await readdir(join(folder, 'deep/er'))).filter((name) => name.includes('damaged')).length).toBeGreaterThanOrEqual(1)
})

test('a state that cannot be read is no empty one: nothing starts', async () => {
  const folder = await folderOf()
  await expect(createAgentStateFile(folder, screen, () => 5).read()).rejects.toMatchObject({ code: 'host/io', hint: expect.stringContaining('twice') as string })
})
