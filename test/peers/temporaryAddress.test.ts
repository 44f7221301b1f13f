import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'
import { mayMakeNetworks } from './ubootNand/nandSandbox.ts'

const missing = [
  ...(mayMakeNetworks() ? [] : ['root and network namespaces (ip netns)']),
  ...['curl', 'setpriv'].flatMap((name) => (findProgram(name) ? [] : [name])),
]

const ip = findProgram('ip') ?? 'ip'
const bench = `rb${process.pid}b`
const cameraSpace = `rb${process.pid}c`
const nic = 'rbcable0'
const folder = mkdtempSync(join(tmpdir(), 'rackbench-address-'))
const image = join(folder, 'firmware.bin')
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

const run = (...words: string[]): string => execFileSync(ip, words, { encoding: 'utf8' })
const addresses = (): { readonly local: string; readonly dynamic?: boolean; readonly valid_life_time: number }[] =>
  (JSON.parse(run('-n', bench, '-j', '-4', 'addr', 'show', 'dev', nic)) as { addr_info?: ReturnType<typeof addresses> }[]).flatMap(({ addr_info: found = [] }) => found)
const inBench = ['netns', 'exec', bench]
const network = [process.execPath, join(import.meta.dirname, '../../src/main/hosts/cli/bin.mjs'), 'network', '-f', image, '--nic', nic, '--ip', '192.0.2.1', '--netmask', '255.255.255.252', '--timeout', '40', '--output', 'json']

/** The command of a person, up to where it serves. */
async function serving(): Promise<{ readonly child: ChildProcess; readonly lines: () => readonly Record<string, unknown>[]; readonly ended: Promise<number | null> }> {
  const child = spawn(ip, [...inBench, ...network], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { said += text })
  const lines = (): Record<string, unknown>[] => said.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
  const ended = new Promise<number | null>((resolve) => { child.once('close', resolve) })
  await expect.poll(() => said, { timeout: 20_000 }).toContain('tftp_ready')
  return { child, lines, ended }
}

describeWithPeer('an address for as long as a file is served, in a network of its own', missing, () => {
  beforeEach(() => {
    writeFileSync(image, Uint8Array.from({ length: 70_000 }, (_, at) => (at * 31) & 0xff))
    for (const space of [bench, cameraSpace]) run('netns', 'add', space)
    run('link', 'add', nic, 'netns', bench, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', cameraSpace)
    run('-n', bench, 'link', 'set', nic, 'up')
    run('-n', cameraSpace, 'link', 'set', 'eth0', 'up')
    run('-n', cameraSpace, 'addr', 'add', '192.0.2.2/30', 'dev', 'eth0')
  })
  afterEach(() => {
    for (const space of [bench, cameraSpace]) spawnSync(ip, ['netns', 'del', space])
  })

  test('a camera on that cable gets the file, and then the address is gone', async () => {
    const { ended, lines } = await serving()
    // Should this process be killed, the kernel takes it away.
    expect(addresses()).toEqual([expect.objectContaining({ local: '192.0.2.1', dynamic: true })])
    expect(addresses()[0]?.valid_life_time).toBeLessThanOrEqual(55)
    const got = join(folder, 'got')
    execFileSync(ip, ['netns', 'exec', cameraSpace, 'curl', '-sS', '--max-time', '30', '-o', got, 'tftp://192.0.2.1/firmware.bin'])
    expect(await ended).toBe(0)
    expect(readFileSync(got).equals(readFileSync(image))).toBe(true)
    expect(lines().map(({ event }) => event)).toEqual(expect.arrayContaining(['log', 'tftp_ready', 'done']))
    expect(addresses()).toEqual([])
  }, 60_000)

  test('Ctrl-C takes it back too', async () => {
    const { child, ended, lines } = await serving()
    child.kill('SIGINT')
    expect(await ended).toBe(7)
    expect(lines().at(-1)).toMatchObject({ event: 'done', verdict: 'cancelled' })
    expect(addresses()).toEqual([])
  }, 60_000)

  test('one that was there before stays', async () => {
    run('-n', bench, 'addr', 'add', '192.0.2.1/30', 'dev', nic)
    const { child, ended } = await serving()
    child.kill('SIGINT')
    expect(await ended).toBe(7)
    expect(addresses()).toEqual([expect.objectContaining({ local: '192.0.2.1' })])
  }, 60_000)

  test('without the right to it nothing is served, and what to type is said', () => {
    const { status, stdout } = spawnSync(ip, [...inBench, 'setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin', ...network], { encoding: 'utf8', timeout: 30_000 })
    const said = stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(status).toBe(4)
    expect(said.map(({ event }) => event)).toEqual(['error', 'done'])
    expect(said[0]).toMatchObject({ code: 'host/no-permission', hint: expect.stringContaining('sudo ip addr add 192.0.2.1/30 dev rbcable0') as string })
    expect(addresses()).toEqual([])
  }, 60_000)
})
