import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createUdpNetwork } from '../../src/main/drivers/tftp/udpNetwork.ts'
import { runCli } from '../../src/main/hosts/cli/main.ts'
import { createFakeCli } from '../support/fakeCli.ts'
import { createRealClock } from '../support/realClock.ts'
import { fetchByTftp } from '../support/tftpClient.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rackbench-lines-'))
  onTestFinished(async () => rm(path, { recursive: true, force: true }))
  return path
}
async function talkingLine(talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => { sockets.add(socket); socket.on('error', () => undefined); talk(socket) })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(async () => { for (const socket of sockets) socket.destroy(); await new Promise<void>((resolve) => { server.close(() => { resolve() }) }) })
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('capture keeps what came until its time is over, and replay tells it', async () => {
  const url = await talkingLine((socket) => { socket.write('U-Boot 2016.11\r\n') })
  const dataFolder = await folder()
  const path = join(dataFolder, 'a.dcap')
  const fake = createFakeCli({ dataFolder })
  expect(await runCli(['capture', '-p', url, '-o', path, '-c', 'hi3516ev300', '--duration', '1', '--output', 'json'], fake.deps)).toBe(0)
  expect(fake.events().at(-1)).toMatchObject({ event: 'done', success: true, receivedBytes: 16 })
  const told = createFakeCli()
  expect(await runCli(['replay', path, '--output', 'json'], told.deps)).toBe(0)
  expect(told.events()).toEqual([expect.objectContaining({ event: 'done', chip: 'hi3516ev300', baudrate: 115_200, rx_bytes: 16, tx_bytes: 0, note: null })])
  const plain = createFakeCli()
  await runCli(['replay', path], plain.deps)
  expect(plain.out.lines.join('\n')).toContain('< U-Boot 2016.11')
})

test('a line that is lost early is no success, and what came is kept', async () => {
  const url = await talkingLine((socket) => { socket.end('last words') })
  const dataFolder = await folder()
  const path = join(dataFolder, 'b.dcap')
  const fake = createFakeCli({ dataFolder })
  expect(await runCli(['capture', '-p', url, '-o', path, '--duration', '60', '--output', 'json'], fake.deps)).toBe(3)
  expect(fake.events().at(-1)).toMatchObject({ success: false, receivedBytes: 10 })
  expect((await readFile(path)).includes('last words')).toBe(true)
})

test('a line that cannot be opened leaves no file behind, so the same command may be typed again', async () => {
  const dataFolder = await folder()
  const path = join(dataFolder, 'd.dcap')
  for (const _ of [1, 2]) expect(await runCli(['capture', '-p', 'tcp://127.0.0.1:9', '-o', path], createFakeCli({ dataFolder }).deps)).toBe(3)
  await expect(readFile(path)).rejects.toThrow('ENOENT')
})

test.runIf(process.platform === 'linux')('a disk that fills up is an error with its exit code, and what came before is kept', async () => {
  const url = await talkingLine((socket) => { const timer = setInterval(() => { socket.write(Buffer.alloc(16_384, 65)) }, 2); socket.on('close', () => { clearInterval(timer) }) })
  const dataFolder = await folder()
  const path = join(dataFolder, 'e.dcap')
  // The system refuses what is beyond, in the middle of a write, as a full disk does.
  const command = [join(import.meta.dirname, '../../src/main/hosts/cli/bin.mjs'), 'capture', '-p', url, '-o', path, '--duration', '20', '--data', join(dataFolder, 'data'), '--output', 'json']
  const child = spawn('bash', ['-c', 'ulimit -f 600; exec "$0" "$@"', process.execPath, ...command], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 30_000 })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { said += text })
  const code = await new Promise<number | null>((resolve) => { child.once('close', resolve) })
  const events = said.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(events.find(({ event }) => event === 'error')).toMatchObject({ code: 'host/disk-full' })
  expect([code, events.at(-1)]).toEqual([4, { event: 'done', success: false, exitCode: 4 }])
  expect((await readFile(path)).subarray(0, 4).toString()).toBe('DCAP')
}, 40_000)

test('a capture is never overwritten, and a file that is none is refused', async () => {
  const dataFolder = await folder()
  const path = join(dataFolder, 'c.dcap')
  await writeFile(path, 'not a capture')
  const fake = createFakeCli({ dataFolder })
  expect(await runCli(['capture', '-p', 'tcp://127.0.0.1:9', '-o', path, '--output', 'json'], fake.deps)).toBe(2)
  expect(fake.events().find(({ event }) => event === 'error')).toMatchObject({ code: 'input/conflict' })
  expect(await readFile(path, 'utf8')).toBe('not a capture')
  const read = createFakeCli()
  expect(await runCli(['replay', path, '--output', 'json'], read.deps)).toBe(2)
  expect(await runCli(['replay', join(path, 'nowhere')], createFakeCli().deps)).toBe(2)
})

test('network serves one file and ends when a client has all of it', async () => {
  const path = join(await folder(), 'firmware.bin')
  const content = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 13) & 0xff)
  await writeFile(path, content)
  const fake = createFakeCli()
  const ended = runCli(['network', '-f', path, '--ip', '127.0.0.1', '--tftp-port', '0', '--timeout', '20', '--output', 'json'], fake.deps)
  await expect.poll(() => fake.out.lines.length).toBeGreaterThan(0)
  const ready = fake.events()[0] as unknown as { event: string; port: number; name: string }
  expect(ready).toMatchObject({ event: 'tftp_ready', name: 'firmware.bin' })
  // Who asks for another name hears of it on the camera; whoever serves hears of it here.
  await fetchByTftp(createUdpNetwork(), createRealClock(), { address: '127.0.0.1', port: ready.port }, { name: 'other.bin', options: {}, address: '127.0.0.1' })
  await expect.poll(() => fake.events().find(({ event }) => event === 'log')).toMatchObject({ level: 'warning', message: '127.0.0.1 did not get other.bin: File not found' })
  const got = await fetchByTftp(createUdpNetwork(), createRealClock(), { address: '127.0.0.1', port: ready.port }, { name: 'firmware.bin', options: { blksize: 1428 }, address: '127.0.0.1' })
  expect(got).toMatchObject({ kind: 'done', bytes: content })
  expect(await ended).toBe(0)
  expect(fake.events().at(-1)).toEqual({ event: 'done', success: true, bytes_sent: 300_000, exitCode: 0 })
})

test.runIf(process.platform === 'linux')('a named pipe is no file, and hangs nobody', async () => {
  const path = join(await folder(), 'pipe.bin')
  execFileSync('mkfifo', [path])
  for (const argv of [['replay', path], ['network', '-f', path, '--ip', '127.0.0.1', '--tftp-port', '0']]) {
    const fake = createFakeCli()
    expect(await runCli([...argv, '--output', 'json'], fake.deps)).toBe(2)
    expect(fake.events()[0]).toMatchObject({ code: 'input/not-supported' })
  }
})

test('nobody came: an error with its exit code', async () => {
  const path = join(await folder(), 'firmware.bin')
  await writeFile(path, 'x')
  const fake = createFakeCli()
  expect(await runCli(['network', '-f', path, '--ip', '127.0.0.1', '--tftp-port', '0', '--timeout', '1', '--output', 'json'], fake.deps)).toBe(3)
  expect(fake.events().map(({ event }) => event)).toEqual(['tftp_ready', 'error', 'done'])
  expect(fake.events()[1]).toMatchObject({ message: 'Nobody fetched all of firmware.bin within 1 s', hint: expect.stringContaining('tftpboot ADDRESS firmware.bin') as string })
})
