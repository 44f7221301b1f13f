import { spawn, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'

export interface PeerServer {
  readonly name: string
  readonly port: number
  stop(): Promise<void>
}

/** Debian's servers, each on loopback and serving `folder`. `undefined` where the program is missing or cannot start. */
export async function startTftpdHpa(folder: string, say: (line: string) => void): Promise<PeerServer | undefined> {
  const program = findProgram('in.tftpd')
  if (!program) { say('tftpd-hpa is not installed'); return undefined }
  const port = await freePort()
  // It changes its user and its root folder, so it wants to be root.
  return settle('tftpd-hpa', port, spawn(program, ['-L', '-4', '-a', `127.0.0.1:${port}`, '-s', folder, '-u', 'root'], { stdio: 'ignore' }), say)
}

/** The package conflicts with tftpd-hpa: unpacked elsewhere, and named by RACKBENCH_ATFTPD. */
export async function startAtftpd(folder: string, say: (line: string) => void): Promise<PeerServer | undefined> {
  const program = process.env['RACKBENCH_ATFTPD'] ?? findProgram('atftpd')
  if (program === undefined || !existsSync(program)) { say('atftpd is not there (RACKBENCH_ATFTPD names it)'); return undefined }
  const port = await freePort()
  const options = ['--daemon', '--no-fork', '--port', String(port), '--bind-address', '127.0.0.1', '--user', userOf(), '--logfile', '/dev/null', folder]
  return settle('atftpd', port, spawn(program, options, { stdio: 'ignore' }), say)
}

/** It knows port 69 only. */
export async function startDnsmasq(folder: string, say: (line: string) => void): Promise<PeerServer | undefined> {
  const program = findProgram('dnsmasq')
  if (!program) { say('dnsmasq is not installed'); return undefined }
  const options = ['--no-daemon', '--conf-file=/dev/null', '--port=0', '--listen-address=127.0.0.1', '--bind-interfaces', '--enable-tftp', `--tftp-root=${folder}`, '--user=root', '--pid-file=']
  return settle('dnsmasq', 69, spawn(program, options, { stdio: 'ignore' }), say)
}

export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

/** Ready when it answers a request for a file that is not there. */
async function settle(name: string, port: number, child: ChildProcess, say: (line: string) => void): Promise<PeerServer | undefined> {
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  child.once('error', () => undefined)
  const asking = createSocket('udp4')
  asking.on('error', () => undefined)
  const answered = once(asking, 'message').then(() => true)
  const request = Buffer.from('\0\x01no-such-file\0octet\0')
  try {
    for (let attempt = 0; attempt < 30 && child.exitCode === null; attempt += 1) {
      asking.send(request, port, '127.0.0.1')
      if (await Promise.race([answered, after(100, false)])) return { name, port, stop }
    }
  } finally {
    asking.close()
  }
  await stop()
  say(`${name} did not start on port ${port}`)
  return undefined
}

const userOf = (): string => (process.getuid?.() === 0 ? 'root' : process.env['USER'] ?? 'nobody')
