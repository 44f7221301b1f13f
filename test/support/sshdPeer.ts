import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { findProgram } from './tftpPeerServers.ts'

export interface SshdPeer {
  readonly port: number
  readonly user: string
  readonly privateKey: string
  readonly hostKeySha256: string
  /** What sshd wrote, for a failing test. */
  readonly said: () => Promise<string>
  stop(): Promise<void>
}

/** `RACKBENCH_SSHD` names one that is unpacked elsewhere. */
export const sshdProgram = (): string | undefined => {
  const named = process.env['RACKBENCH_SSHD']
  return named !== undefined && existsSync(named) ? named : findProgram('sshd')
}

/** OpenSSH on loopback, for this user and one key, whose every command is handed to `script`. */
export async function startSshd(program: string, script: string): Promise<SshdPeer> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-sshd-'))
  const path = (name: string): string => join(folder, name)
  const [host, client] = [ssh2.utils.generateKeyPairSync('ed25519'), ssh2.utils.generateKeyPairSync('ed25519')]
  await writeFile(path('host'), host.private, { mode: 0o600 })
  await writeFile(path('shell.sh'), script, { mode: 0o755 })
  await writeFile(path('keys'), `command="/bin/sh ${path('shell.sh')}",restrict ${client.public}\n`, { mode: 0o600 })
  const port = await freePort()
  await writeFile(path('config'), [
    `ListenAddress 127.0.0.1:${port}`, `HostKey ${path('host')}`, `AuthorizedKeysFile ${path('keys')}`, `PidFile ${path('pid')}`,
    'UsePAM no', 'StrictModes no', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PermitRootLogin prohibit-password', 'LogLevel VERBOSE', '',
  ].join('\n'))
  // Its package makes this folder when its service starts, which it does not here.
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true })
  const child = spawn(program, ['-D', '-f', path('config'), '-E', path('log')], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const said = async (): Promise<string> => readFile(path('log'), 'utf8').catch(() => '')
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) { child.kill('SIGTERM'); await ended }
    await rm(folder, { recursive: true, force: true })
  }
  for (let attempt = 0; !await answers(port); attempt += 1) {
    if (attempt < 200 && child.exitCode === null) { await new Promise((resolve) => { setTimeout(resolve, 25) }); continue }
    const log = await said()
    await stop()
    throw new Error(`sshd did not start: ${log}`)
  }
  const publicKey = Buffer.from(host.public.split(' ')[1] ?? '', 'base64')
  return {
    port, user: userInfo().username, privateKey: client.private, said, stop,
    hostKeySha256: `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`,
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => { server.close(resolve) })
  return port
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => { socket.destroy(); resolve(true) }).once('error', () => { resolve(false) })
  })
}
