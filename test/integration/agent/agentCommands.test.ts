import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSystemClock } from '../../../src/main/drivers/host/systemClock.ts'
import { openLocalWorkbench } from '../../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { evFamilyRom } from '../../../src/main/sim/bootrom/romOptions.ts'
import { serveSimRack } from '../../../src/main/sim/serveSimRack.ts'
import { createSimRack, type SimPodHandle } from '../../../src/main/sim/simRack.ts'
import { denseBytes } from '../../../src/main/sim/timing.ts'
import { crc32, hexCrc } from '../../../src/shared/bytes/crc32.ts'
import { createFakeCli, type FakeCli } from '../../support/fakeCli.ts'

const sector = 0x10000

interface Ran {
  readonly code: number
  readonly events: ReturnType<FakeCli['events']>
  readonly done: ReturnType<FakeCli['events']>[number] | undefined
}
interface Bench {
  readonly camera: SimPodHandle
  readonly folder: string
  /** Of the camera, as `-p` takes it. */
  readonly port: string
  /** Loaded anew: `agent VERB --agent FILE …`. */
  run(...argv: readonly string[]): Promise<Ran>
  runBare(...argv: readonly string[]): Promise<{ readonly code: number; readonly fake: FakeCli }>
  readonly load: readonly string[]
}

async function openBench(faults: readonly string[] = [], way: 'pod' | 'host' = 'pod'): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-agent-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const clock = createSystemClock()
  // The stand-in profile has a PRESTEP0, so this ROM wants to be woken by frames.
  const rack = createSimRack({ clock, pods: 1, speed: 'fast', flashMb: 8, faults, ...(way === 'host' ? { bootRomOnUart: { ...evFamilyRom, quirks: { wantsBlast: true } } } : {}) })
  onTestFinished(async () => rack.close())
  const served = await serveSimRack({ rack, host: '127.0.0.1', portBase: 0, rfc2217Base: 0, clock, log: () => undefined, folder })
  onTestFinished(async () => served.close())
  const [camera] = rack.pods
  const [announced] = served.announcement.pods
  if (!camera || !announced) throw new Error('no camera')
  const { boot } = served.announcement
  const port = way === 'pod' ? `rack://127.0.0.1:${new URL(announced.uart).port}?api=${new URL(announced.http).port}` : announced.rfc2217 ?? ''
  const facts = { version: 'test', homeFolder: folder, resourcesFolder: join(import.meta.dirname, '../../../resources'), environment: {} }
  const runBare: Bench['runBare'] = async (...argv) => {
    const fake = createFakeCli()
    const code = await runCli(argv, {
      ...fake.deps,
      openWorkbench: async (options) => openLocalWorkbench(facts, {
        ...options,
        // The person with the plug, who does as asked.
        ask: async () => { camera.firmware.power('cycle', new AbortController().signal).catch(() => undefined) },
      }),
    })
    return { code, fake }
  }
  return {
    camera, folder, port, runBare, load: ['--agent', boot.agent, '--profile', boot.profile, '--uboot', boot.uboot],
    run: async (verb = '', ...more) => {
      const { code, fake } = await runBare('agent', verb, '-c', 'hi3516ev300', '-p', port, '--data', join(folder, 'data'), '--output', 'json', ...more)
      const events = fake.events()
      return { code, events, done: events.at(-1) }
    },
  }
}

describe('through a pod', () => {
  test('info: the agent is loaded by the pod and says what it found; the next command finds it running', async () => {
    const { run, runBare, port, folder, load, camera } = await openBench()
    const { code, events, done } = await run('info', ...load)
    expect(events.filter(({ event }) => event === 'error')).toEqual([])
    expect(code).toBe(0)
    expect(events.find(({ event }) => event === 'agent')).toMatchObject({ version: 4, flashKind: 'nor', flashBytes: 8 * 1024 * 1024, sectorBytes: sector })
    expect(done).toMatchObject({ event: 'done', success: true, verdict: 'done and proved', verb: 'info', agent: { jedecId: 'ef4018' }, exitCode: 0 })
    expect(camera.camera).toMatchObject({ where: 'agent', flashTouched: false })
    expect(await run('info', '--running')).toMatchObject({ code: 0 })
    const { fake: quiet } = await runBare('agent', 'crc', '-c', 'hi3516ev300', '-p', port, '--data', join(folder, 'data'), '--running', '--offset', '0x1000', '--size', '4KB', '--output', 'quiet')
    expect(quiet.out.lines).toEqual([hexCrc(crc32(camera.camera.cells.subarray(0x1000, 0x2000)))])
    const restarted = await run('crc', '--running', '--offset', '0x1000', '--size', '4KB', '--reboot')
    expect(restarted).toMatchObject({ code: 0, done: { range: { offset: 0x1000, lengthBytes: 4096, action: 'summed', crc32: hexCrc(crc32(camera.camera.cells.subarray(0x1000, 0x2000))) } } })
    // Not that the agent said so: what the camera itself said afterwards.
    expect(restarted.events.find(({ phase, state }) => phase === 'reset' && state === 'finished')).toMatchObject({ note: 'System startup' })
    expect(camera.camera.where).not.toBe('agent')
  })

  test('read: a file with the very cells, and the bridge is at its resting rate again', async () => {
    const { run, load, camera, folder } = await openBench(['agent-loses-packets:3'])
    const path = join(folder, 'piece.bin')
    const { code, done } = await run('read', ...load, '--offset', '100', '--size', '0x21234', '-o', path)
    expect(code).toBe(0)
    const wanted = camera.camera.cells.subarray(100, 100 + 0x21234)
    expect(Buffer.compare(await readFile(path), wanted)).toBe(0)
    expect(done).toMatchObject({ range: { action: 'read', crc32: hexCrc(crc32(wanted)), path } })
    expect(camera.bridge.baudRate()).toBe(115_200)
    expect(await run('read', '--running', '--size', '1KB', '-o', path)).toMatchObject({ code: 2 })
  })

  test('write: compared, written, read back by the camera; what else stands in its sectors stays', async () => {
    const { run, load, camera, folder } = await openBench()
    const { cells } = camera.camera
    cells.set(denseBytes(4 * sector, 3), 0x300000)
    const before = cells.slice()
    const image = denseBytes(sector + 300, 9)
    const input = join(folder, 'image.bin')
    await writeFile(input, image)
    const first = await run('write', ...load, '--offset', '0x308000', '-i', input)
    expect(first.events.filter(({ event }) => event === 'error')).toEqual([])
    expect(first).toMatchObject({ code: 0, done: { range: { action: 'written', crc32: hexCrc(crc32(image)), offset: 0x308000 } } })
    const expected = before.slice()
    expected.set(image, 0x308000)
    expect(Buffer.compare(cells, expected)).toBe(0)
    const erased = camera.camera.erasedBytes
    expect(await run('write', '--running', '--offset', '0x308000', '-i', input)).toMatchObject({ code: 0, done: { range: { action: 'unchanged' } } })
    expect(camera.camera.erasedBytes).toBe(erased)
  })

  test('beyond 32 MiB, which an agent sums at once: summed, written and erased like less', async () => {
    const { run, load, camera, folder } = await openBench(['wrong-flash-size:64'])
    const { cells } = camera.camera
    const mib = 1024 * 1024
    cells.fill(0xff, 0x200000)
    cells.set(denseBytes(3 * sector, 4), 35 * mib)
    const sum = await run('crc', ...load, '--offset', '0x1000', '--size', String(40 * mib))
    expect(sum).toMatchObject({ code: 0, done: { range: { lengthBytes: 40 * mib, crc32: hexCrc(crc32(cells.subarray(0x1000, 0x1000 + 40 * mib))) } } })
    const image = new Uint8Array(34 * mib).fill(0xff)
    image.set(denseBytes(2 * sector, 5), 33 * mib + 5 * sector)
    const input = join(folder, 'large.bin')
    await writeFile(input, image)
    expect(await run('write', '--running', '--offset', String(4 * mib), '-i', input)).toMatchObject({ code: 0, done: { range: { action: 'written', crc32: hexCrc(crc32(image)) } } })
    expect(Buffer.compare(cells.subarray(4 * mib, 38 * mib), image)).toBe(0)
    expect(await run('erase', '--running', '--offset', String(4 * mib), '--size', String(34 * mib))).toMatchObject({ code: 0, done: { range: { action: 'written' } } })
    expect(cells.subarray(4 * mib).every((byte) => byte === 0xff)).toBe(true)
  }, 120_000)

  test('erase: whole sectors only, and only where something stands', async () => {
    const { run, load, camera } = await openBench()
    const { cells } = camera.camera
    cells.fill(0x12, 0x200000, 0x200000 + 3 * sector)
    expect(await run('erase', ...load, '--offset', '0x200100', '--size', '64KB')).toMatchObject({ code: 2, done: { success: false, range: null } })
    expect(await run('erase', '--running', '--offset', '0x210000', '--size', '64KB')).toMatchObject({ code: 0, done: { range: { action: 'written' } } })
    expect(cells.subarray(0x200000, 0x200000 + 3 * sector).every((byte, index) => byte === (index >= sector && index < 2 * sector ? 0xff : 0x12))).toBe(true)
    expect(await run('erase', '--running', '--offset', '0x210000', '--size', '64KB')).toMatchObject({ code: 0, done: { range: { action: 'unchanged' } } })
    expect(await run('erase', '--running', '--offset', '0x210000')).toMatchObject({ code: 2 })
  })

  test('a locked flash is no success, and its state is not called known', async () => {
    const { run, load, camera, folder } = await openBench(['agent-ignores-erase'])
    camera.camera.cells.fill(0, 0x200000, 0x200000 + sector)
    const input = join(folder, 'image.bin')
    await writeFile(input, denseBytes(1000, 4))
    const { code, done, events } = await run('write', ...load, '--offset', '0x200000', '-i', input)
    expect(code).toBe(5)
    expect(done).toMatchObject({ success: false, verdict: 'failed (state unknown)', range: null })
    expect(events.find(({ event }) => event === 'error')).toMatchObject({ code: 'device/wrong-content' })
  })

  test('a page that takes one wrong bit is found by the CRC of the camera', async () => {
    const { run, load, folder } = await openBench(['flash-page-wrong:0x208000'])
    const input = join(folder, 'image.bin')
    await writeFile(input, denseBytes(sector, 4))
    expect(await run('write', ...load, '--offset', '0x200000', '-i', input)).toMatchObject({ code: 5, done: { success: false, range: null } })
  })

  test('scan lists every sector, the doctor says what is wrong and ends with 5', async () => {
    const { run, load } = await openBench(['flash-sector-dead:40,41', 'flash-sector-unstable:3'])
    const scan = await run('scan', ...load)
    expect(scan).toMatchObject({ code: 0, done: { success: true, verdict: 'examined, not healthy', flash: { verdict: 'damaged', counts: { unstable: 1, bad: 2 } } } })
    const { sectors } = (scan.done as unknown as { flash: { sectors: readonly { readonly status: string }[] } }).flash
    expect(sectors).toHaveLength(128)
    expect([sectors[3]?.status, sectors[40]?.status, sectors[42]?.status]).toEqual(['unstable', 'bad', expect.stringMatching(/good|empty/)])
    expect(await run('doctor', '--running')).toMatchObject({ code: 5, done: { success: true, flash: { verdict: 'damaged' } } })
  })

  test('doctor -o: what a sick flash still gives is in the file, the rest is erased there and named', async () => {
    const { run, load, camera, folder } = await openBench(['flash-sector-dead:40,41'])
    const { cells } = camera.camera
    cells.set(denseBytes(6 * sector, 9), 38 * sector)
    const path = join(folder, 'rescued.bin')
    const { code, done, events } = await run('doctor', ...load, '-o', path)
    expect(code).toBe(5)
    expect(done).toMatchObject({ success: true, flash: { verdict: 'damaged' } })
    const expected = cells.slice()
    expected.fill(0xff, 40 * sector, 42 * sector)
    expect(Buffer.compare(await readFile(path), expected)).toBe(0)
    expect(JSON.stringify(events)).toContain('no image of this flash: 2 sectors could not be read for certain and are ff there (0x00280000, 0x00290000)')
    expect(camera.camera.flashTouched).toBe(false)
    expect(await run('doctor', '--running', '-o', path)).toMatchObject({ code: 2, done: { success: false } })
    expect(await run('scan', '--running', '-o', join(folder, 'other.bin'))).toMatchObject({ code: 2 })
  })

  test.each([['gk7205v500', 'V500'], ['hi3516cv610', 'CV6XX']])('%s speaks the %s protocol, through which no agent can be loaded: refused before its power is touched', async (chip, protocol) => {
    const { runBare, port, folder, load, camera } = await openBench()
    const { code, fake } = await runBare('agent', 'info', '-c', chip, '-p', port, '--data', join(folder, 'data'), '--output', 'json', ...load)
    expect(code).toBe(2)
    expect(fake.events().find(({ event }) => event === 'error')).toMatchObject({ code: 'input/not-supported', message: `${chip} speaks the ${protocol} boot protocol, through which no flash agent can be loaded` })
    expect(camera.camera.commands).toEqual([])
    expect(camera.camera.where).not.toBe('agent')
  })

  test('membw: how fast the memory is, and nothing is touched', async () => {
    const { run, runBare, load, camera, folder } = await openBench()
    const { code, events, done } = await run('membw', ...load)
    expect(code).toBe(0)
    expect(events.find(({ event }) => event === 'memory')).toMatchObject({ lengthBytes: 4 * 1024 * 1024, iterations: 8, timerHz: 24_000_000, fillTicks: 1_000 })
    // 32 MiB in 1000 ticks of 24 MHz; a copy moves each byte twice.
    expect(done).toMatchObject({ success: true, verb: 'membw', memory: { fill: { ticks: 1_000, megabytesPerSecond: 805_306.4 }, copy: { ticks: 3_000, megabytesPerSecond: 536_870.9 } } })
    expect(await run('membw', '--running', '--size', '1MB', '-n', '2')).toMatchObject({ code: 0, done: { memory: { lengthBytes: 1024 * 1024, iterations: 2 } } })
    expect(camera.camera.flashTouched).toBe(false)
    for (const wrong of [['--size', '300'], ['--size', '32MB'], ['-n', '0'], ['--offset', '0']]) expect((await runBare('agent', 'membw', '-c', 'hi3516ev300', '--running', '--data', join(folder, 'data'), ...wrong)).code).toBe(2)
  })

  test('a mute agent is an error in bounded time, with the usual reason', async () => {
    const { run, load } = await openBench(['agent-mute'])
    const { code, events } = await run('info', ...load)
    expect(code).toBe(5)
    expect(events.find(({ event }) => event === 'error')).toMatchObject({ code: 'device/no-answer', hint: expect.stringContaining('another board') as string })
  })

  test('a binary that is no agent is an error in bounded time', async () => {
    const { run, load, folder } = await openBench()
    const wrong = join(folder, 'wrong.bin')
    await writeFile(wrong, denseBytes(17_000, 1))
    const { code, events, done } = await run('info', ...load.map((each, index) => (index === 1 ? wrong : each)))
    expect([code, done?.['success']]).toEqual([5, false])
    expect(events.find(({ event }) => event === 'error')).toMatchObject({ code: 'device/no-answer' })
  })
})

describe('before anything is touched', () => {
  test('a missing agent is refused with words, and nothing is switched', async () => {
    const { run, camera, load } = await openBench()
    const { code, events } = await run('info', ...load.slice(2))
    expect(code).toBe(2)
    expect(events.find(({ event }) => event === 'error')).toMatchObject({ code: 'input/missing-file', hint: expect.stringContaining('--agent FILE') as string })
    expect(camera.camera.where).not.toBe('agent')
    expect(await run('info', ...load.with(1, '/nowhere/agent.bin'))).toMatchObject({ code: 2 })
  })
  test.each([
    [['fly']], [['info', '--offset', '1']], [['write', '-i', 'x']], [['erase', '--offset', '0']], [['read']], [['crc', '--size', '16M']], [['info', '--running', '--agent', 'x']],
  ])('%j is wrong usage', async (argv) => {
    const { run } = await openBench()
    const { code, done } = await run(...argv)
    expect([code, done?.event]).toEqual([2, 'done'])
  })
  test('only the plan touches nothing; a write at the start says what that means', async () => {
    const { run, load, camera, folder } = await openBench()
    const input = join(folder, 'image.bin')
    await writeFile(input, denseBytes(5000, 4))
    const { code, events } = await run('write', ...load, '--offset', '0', '-i', input, '--plan-only')
    expect([code, events.map(({ event }) => event).filter((event) => event !== 'log')]).toEqual([0, ['plan', 'done']])
    expect((events.find(({ event }) => event === 'plan') as unknown as { warnings: readonly string[] }).warnings.join()).toContain('boot loader')
    expect(camera.camera.flashTouched).toBe(false)
  })
})

test('through the boot ROM over RFC 2217, with a person at the plug, and words for a person', async () => {
  const { load, runBare, camera, folder, run } = await openBench([], 'host')
  const { code } = await run('info', ...load)
  expect(code).toBe(0)
  expect(camera.camera.where).toBe('agent')
  const path = join(folder, 'all.bin')
  expect(await run('read', '--running', '--size', '200KB', '-o', path)).toMatchObject({ code: 0 })
  expect((await stat(path)).size).toBe(200 * 1024)
  expect(camera.bridge.baudRate()).toBe(115_200)
  expect(await runBare('agent', 'info', '--running', '--data', join(folder, 'data'))).toMatchObject({ code: 2, fake: { err: { lines: expect.arrayContaining([expect.stringContaining('--chip (-c) is missing')]) as string[] } } })
  const help = await runBare('agent', '--help')
  expect(help.code).toBe(0)
  expect(help.fake.out.lines.join('\n')).toContain('--agent FILE')
})
