import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTftpServer } from '../../src/main/drivers/tftp/tftpServer.ts'
import type { TftpServer } from '../../src/main/drivers/tftp/tftpTypes.ts'
import { createUdpNetwork } from '../../src/main/drivers/tftp/udpNetwork.ts'
import { createRealClock } from '../support/realClock.ts'
import { findProgram } from '../support/tftpPeerServers.ts'

type Command = (port: number, remote: string, local: string) => { readonly args: readonly string[]; readonly input?: string }

interface Client {
  readonly name: string
  readonly program: string
  readonly get: Command
  readonly put: Command
  /** curl cannot take or give an empty file from any server. */
  readonly least: number
}

const curl = (name: string, ...options: string[]): Client => ({
  name: `curl, ${name}`, program: 'curl', least: 1,
  get: (port, remote, local) => ({ args: ['-sS', '--max-time', '60', ...options, '-o', local, `tftp://127.0.0.1:${port}/${remote}`] }),
  put: (port, remote, local) => ({ args: ['-sS', '--max-time', '60', ...options, '-T', local, `tftp://127.0.0.1:${port}/${remote}`] }),
})
const atftp = (name: string, ...options: string[]): Client => {
  const chosen = options.flatMap((option) => ['--option', option])
  return {
    name: `atftp, ${name}`, program: 'atftp', least: 0,
    get: (port, remote, local) => ({ args: [...chosen, '-g', '-r', remote, '-l', local, '127.0.0.1', String(port)] }),
    put: (port, remote, local) => ({ args: [...chosen, '-p', '-r', remote, '-l', local, '127.0.0.1', String(port)] }),
  }
}
const clients: readonly Client[] = [
  {
    name: 'tftp-hpa', program: 'tftp', least: 0,
    get: (port, remote, local) => ({ args: ['-m', 'binary', '127.0.0.1', String(port), '-c', 'get', remote, local] }),
    put: (port, remote, local) => ({ args: ['-m', 'binary', '127.0.0.1', String(port), '-c', 'put', local, remote] }),
  },
  curl('512 bytes'), curl('1428 bytes', '--tftp-blksize', '1428'), curl('65464 bytes', '--tftp-blksize', '65464'), curl('no options', '--tftp-no-options'),
  atftp('no options'), atftp('1428 bytes', 'blksize 1428'), atftp('window 8', 'blksize 1428', 'windowsize 8'), atftp('8192 bytes, window 16', 'blksize 8192', 'windowsize 16'),
  {
    name: 'busybox', program: 'busybox', least: 0,
    get: (port, remote, local) => ({ args: ['tftp', '-b', '1428', '-g', '-r', remote, '-l', local, '127.0.0.1', String(port)] }),
    put: (port, remote, local) => ({ args: ['tftp', '-b', '1428', '-p', '-r', remote, '-l', local, '127.0.0.1', String(port)] }),
  },
]
const lengths = [0, 1, 511, 512, 513, 1_427, 1_428, 1_428 * 8, 1_428 * 16 + 1, 65_464, 512 * 1_000, 3_000_017]

const folder = mkdtempSync(join(tmpdir(), 'rackbench-tftp-peers-'))
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
let server: TftpServer
beforeEach(async () => { server = await openTftpServer({ network: createUdpNetwork(), address: '127.0.0.1', port: 0, clock: createRealClock() }) })
afterEach(async () => { await server.close() })

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const imageOf = (lengthBytes: number): Uint8Array => Uint8Array.from({ length: lengthBytes }, (_, at) => (at * 31 + (at >> 8) * 7 + (at >> 16)) & 0xff)

interface Ended { readonly code: number | null; readonly said: string }

async function run(program: string, { args, input = '' }: ReturnType<Command>): Promise<Ended> {
  const child = spawn(program, [...args], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] })
  const limit = setTimeout(() => { child.kill('SIGKILL') }, 60_000)
  let said = ''
  const hear = (chunk: Buffer): void => { said = (said + String(chunk)).slice(-4_000) }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve, reject) => { child.once('error', reject); child.once('close', resolve) })
  clearTimeout(limit)
  return { code, said }
}

function missing(program: string): boolean {
  if (findProgram(program)) return false
  if (process.env['CI'] === 'true') throw new Error(`${program} is missing: CI installs every TFTP peer`)
  process.stderr.write(`skipped: ${program} is not installed, so our TFTP server does not meet it here\n`)
  return true
}

describe.each(clients)('$name', ({ program, get, put, least }) => {
  const isMissing = missing(program)
  const sizes = lengths.filter((lengthBytes) => lengthBytes >= least)

  it.skipIf(isMissing).each(sizes)('gets %i bytes', async (lengthBytes) => {
    const image = imageOf(lengthBytes)
    const local = join(folder, 'got')
    rmSync(local, { force: true })
    server.offer('image.bin', image)
    const { code, said } = await run(program, get(server.port, 'image.bin', local))
    // tftp-hpa ends with 0 also after an error: only its words and the bytes count.
    expect({ code, failed: /error|timed out/i.test(said) }, said).toEqual({ code: 0, failed: false })
    expect(hashOf(readFileSync(local))).toBe(hashOf(image))
  })

  it.skipIf(isMissing).each(sizes)('puts %i bytes', async (lengthBytes) => {
    const image = imageOf(lengthBytes)
    const local = join(folder, 'given')
    writeFileSync(local, image)
    const slot = server.openUpload('dump.bin', 4_000_000)
    const { code, said } = await run(program, put(server.port, 'dump.bin', local))
    expect({ code, failed: /error|timed out/i.test(said) }, said).toEqual({ code: 0, failed: false })
    expect(hashOf(await slot.bytes)).toBe(hashOf(image))
  })

  it.skipIf(isMissing)('hears in words that there is no such file, and that writing is not allowed', async () => {
    const local = join(folder, 'given')
    writeFileSync(local, imageOf(10))
    const got = await run(program, get(server.port, 'nothing', join(folder, 'nothing')))
    // curl has words of its own, and exit code 68.
    expect(program === 'curl' ? got.code === 68 : /not found/i.test(got.said), got.said).toBe(true)
    const given = await run(program, put(server.port, 'nothing', local))
    expect(program === 'curl' ? given.code === 69 : /not allowed/i.test(given.said), given.said).toBe(true)
  })
})
