import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { openTransport } from '../../src/main/drivers/transports/openTransport.ts'
import { parseTransportUrl } from '../../src/main/drivers/transports/transportUrl.ts'
import { runCli } from '../../src/main/hosts/cli/main.ts'
import { encodeCapture } from '../../src/main/protocols/dcap/writer.ts'
import { createFakeCli, type FakeCli } from '../support/fakeCli.ts'
import { expectNothingLeftOpen } from '../support/leakCheck.ts'
import { createRealClock } from '../support/realClock.ts'

expectNothingLeftOpen()
const clock = createRealClock()
const never = new AbortController().signal
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function captureFile(): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-replay-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'boot.dcap')
  await writeFile(path, encodeCapture({ baudRate: 115_200, chip: 'hi3516ev300', isTimed: true, records: [
    { timeUs: 0, direction: 'from-device', bytes: bytes('U-Boot 2016.11\r\n') }, { timeUs: 1_000, direction: 'to-device', bytes: bytes('\x03') },
    { timeUs: 100_000, direction: 'from-device', bytes: bytes('OpenIPC # ') },
  ] }))
  return { folder, path }
}
async function served(fake: FakeCli): Promise<string> {
  await expect.poll(() => fake.out.lines.length).toBeGreaterThan(0)
  return String(fake.events()[0]?.['url'])
}
async function readAll(url: string, wanted: string): Promise<string> {
  const line = await openTransport(parseTransportUrl(url), { clock, signal: AbortSignal.timeout(10_000) })
  let text = ''
  while (text.length < wanted.length) {
    const chunk = await line.read(AbortSignal.timeout(10_000))
    if (!chunk) break
    text += new TextDecoder().decode(chunk)
  }
  await line.write(bytes('what is typed goes nowhere'), AbortSignal.timeout(10_000))
  await line.close()
  return text
}
const whole = 'U-Boot 2016.11\r\nOpenIPC # '

test('a capture is a line: from its beginning for each who connects, and an interrupt ends it', async () => {
  const { path } = await captureFile()
  const fake = createFakeCli()
  const ended = runCli(['replay', path, '--serve', 'tcp://127.0.0.1:0', '--output', 'json'], fake.deps)
  const url = await served(fake)
  expect(url).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)
  expect(await Promise.all([readAll(url, whole), readAll(url, whole)])).toEqual([whole, whole])
  await expect.poll(() => fake.events().at(-1)).toEqual({ event: 'clients', count: 0 })
  // Somebody is still connected when it ends, and hears nothing more after the last record.
  const line = await openTransport(parseTransportUrl(url), { clock, signal: AbortSignal.timeout(10_000) })
  let heard = ''
  while (heard.length < whole.length) heard += new TextDecoder().decode(await line.read(AbortSignal.timeout(10_000)))
  await expect(line.read(AbortSignal.timeout(100))).rejects.toThrow()
  fake.interrupt()
  expect(await ended).toBe(0)
  expect(fake.events().at(-1)).toEqual({ event: 'done', success: true, exitCode: 0 })
  await line.close()
  await expect(openTransport(parseTransportUrl(url), { clock, signal: AbortSignal.timeout(10_000) })).rejects.toMatchObject({ code: 'link/unreachable' })
})

test('a console of the workbench is opened on it, and stays open and silent when it is over', async () => {
  const { folder, path } = await captureFile()
  const fake = createFakeCli()
  const ended = runCli(['replay', path, '--serve', 'tcp://localhost:0', '--speed', '10', '--output', 'json'], fake.deps)
  const url = await served(fake)
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined })
  const { cameraId } = await workbench.setup.add({ url, name: '', cameraName: 'cam-replay', chip: 'hi3516ev300' }, never)
  await expect.poll(() => workbench.rack.camera(cameraId).console.tail(4_096), { timeout: 5_000 }).toBe(whole.replaceAll('\r', ''))
  expect(workbench.rack.camera(cameraId).console.stats()).toMatchObject({ state: 'open', lastLine: 'OpenIPC #' })
  await workbench.close()
  fake.interrupt()
  expect(await ended).toBe(0)
})

test('a port that is taken is named with the next step', async () => {
  const { path } = await captureFile()
  const first = createFakeCli()
  const ended = runCli(['replay', path, '--serve', 'tcp://127.0.0.1:0', '--output', 'json'], first.deps)
  const url = await served(first)
  const second = createFakeCli()
  expect(await runCli(['replay', path, '--serve', url], second.deps)).toBe(4)
  expect(second.err.lines.join('\n')).toMatch(/cannot be served[^]*Choose another port/)
  first.interrupt()
  expect(await ended).toBe(0)
})

test('as a process it ends with SIGINT and code 0', async () => {
  const { path } = await captureFile()
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/main/hosts/cli/bin.mjs'), 'replay', path, '--serve', 'tcp://127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const [first] = await once(lines, 'line') as [string]
  expect(first).toMatch(/is replayed at tcp:\/\/127\.0\.0\.1:\d+; Ctrl-C ends it/)
  const gone = once(child, 'exit')
  child.kill('SIGINT')
  expect(await gone).toEqual([0, null])
}, 20_000)
