import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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
export const startSshd = async (program: string, script: string): Promise<SshdPeer> => start(program, { script })

export interface SftpPeer extends SshdPeer {
  /** What the client sees as its root, or the folder itself where nobody but root may lock it in. */
  readonly folder: string
  readonly root: string
}

/** The same with nothing but SFTP, locked into a folder of its own where this user is root. */
export async function startSftp(program: string): Promise<SftpPeer> {
  const isRoot = userInfo().uid === 0
  // Every folder above a locked one must be root's own and not everybody's, so none under /tmp will do.
  const folder = await mkdtemp(join(isRoot ? '/var/lib' : tmpdir(), 'rackbench-sftp-'))
  if (isRoot) await chmod(folder, 0o755)
  const peer = await start(program, isRoot ? { lockedInto: folder } : { lockedInto: undefined })
  return { ...peer, folder, root: isRoot ? '/' : folder, stop: async () => { await peer.stop(); await rm(folder, { recursive: true, force: true }) } }
}

async function start(program: string, what: { readonly script: string } | { readonly lockedInto: string | undefined }): Promise<SshdPeer> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-sshd-'))
  const path = (name: string): string => join(folder, name)
  const [host, client] = [throwAwayKey(), throwAwayKey()]
  await writeFile(path('host'), host.private, { mode: 0o600 })
  if ('script' in what) await writeFile(path('shell.sh'), what.script, { mode: 0o755 })
  await writeFile(path('keys'), `${'script' in what ? `command="/bin/sh ${path('shell.sh')}",` : ''}restrict ${client.public}\n`, { mode: 0o600 })
  const port = await freePort()
  await writeFile(path('config'), [
    `ListenAddress 127.0.0.1:${port}`, `HostKey ${path('host')}`, `AuthorizedKeysFile ${path('keys')}`, `PidFile ${path('pid')}`,
    'UsePAM no', 'StrictModes no', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PermitRootLogin prohibit-password', 'LogLevel VERBOSE',
    ...('script' in what ? [] : ['Subsystem sftp internal-sftp', 'ForceCommand internal-sftp', ...(what.lockedInto === undefined ? [] : [`ChrootDirectory ${what.lockedInto}`])]), '',
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

/** One in a few hundred comes out of this generator so that its own parser refuses it. */
function throwAwayKey(): { readonly private: string; readonly public: string } {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519')
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair
  }
  throw new Error('no key could be made')
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
