import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'

export interface ApplianceSshd {
  readonly port: number
  readonly user: string
  readonly keyFile: string
  readonly hostKeySha256: string
  stop(): Promise<void>
}

/** OpenSSH as an appliance has it: commands and SFTP for this user, with keys that are thrown away. */
export async function startApplianceSshd(program: string): Promise<ApplianceSshd> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-appliance-sshd-'))
  const path = (name: string): string => join(folder, name)
  const [host, client] = [key(), key()]
  await writeFile(path('host'), host.private, { mode: 0o600 })
  await writeFile(path('key'), client.private, { mode: 0o600 })
  await writeFile(path('keys'), `restrict ${client.public}\n`, { mode: 0o600 })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => { server.close(resolve) })
  await writeFile(path('config'), [
    `ListenAddress 127.0.0.1:${port}`, `HostKey ${path('host')}`, `AuthorizedKeysFile ${path('keys')}`, `PidFile ${path('pid')}`, 'Subsystem sftp internal-sftp',
    'UsePAM no', 'StrictModes no', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PermitRootLogin prohibit-password', '',
  ].join('\n'))
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true })
  const child = spawn(program, ['-D', '-f', path('config'), '-E', path('log')], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) { child.kill('SIGTERM'); await ended }
    await rm(folder, { recursive: true, force: true })
  }
  for (let attempt = 0; !await answers(port); attempt += 1) {
    if (attempt < 200 && child.exitCode === null) { await new Promise((resolve) => { setTimeout(resolve, 25) }); continue }
    const log = await readFile(path('log'), 'utf8').catch(() => '')
    await stop()
    throw new Error(`sshd did not start: ${log}`)
  }
  return {
    port, user: userInfo().username, keyFile: path('key'), stop,
    hostKeySha256: `SHA256:${createHash('sha256').update(Buffer.from(host.public.split(' ')[1] ?? '', 'base64')).digest('base64').replace(/=+$/, '')}`,
  }
}

/** One in a few hundred comes out of this generator so that its own parser refuses it. */
function key(): { readonly private: string; readonly public: string } {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519')
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair
  }
  throw new Error('no key could be made')
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => { socket.destroy(); resolve(true) }).once('error', () => { resolve(false) })
  })
}
