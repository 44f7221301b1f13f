import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const isRoot = process.getuid?.() === 0
const lowestFreePort = (): number => {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  } catch {
    // Another system: there the kernel's own habit counts.
    return 1024
  }
}
const missing = [
  ...(process.platform === 'linux' ? [] : ['Linux']),
  ...(isRoot && !findProgram('setpriv') ? ['setpriv'] : []),
  ...(lowestFreePort() <= 69 ? ['a kernel that keeps port 69 for root'] : []),
]

// A program of its own: rights once given up do not come back.
const script = `
import { createUdpNetwork } from ${JSON.stringify(new URL('../../src/main/drivers/tftp/udpNetwork.ts', import.meta.url).href)}
createUdpNetwork().bind('127.0.0.1', 69).then(
  async (socket) => { await socket.close(); console.log(JSON.stringify({ code: 'none' })) },
  ({ code, message, hint }) => { console.log(JSON.stringify({ code, message, hint })) },
)`

describeWithPeer('UDP port 69 without the right to it', missing, () => {
  test('is refused with the ways out', () => {
    const node = [process.execPath, '--input-type=module', '--eval', script]
    const [program = '', ...args] = isRoot ? ['setpriv', '--bounding-set=-net_bind_service', ...node] : node
    const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
    expect(stderr).toBe('')
    const said = JSON.parse(stdout) as { readonly code: string; readonly message: string; readonly hint: string }
    expect(said).toMatchObject({ code: 'host/no-permission', message: 'This computer does not let Rackbench use UDP port 69 on 127.0.0.1' })
    for (const way of ['--tftp-via pod', 'ip_unprivileged_port_start=69', 'cap_net_bind_service', '--tftp-port']) expect(said.hint).toContain(way)
  })
})
