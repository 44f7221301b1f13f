import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
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

const places = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/opt/homebrew/sbin/sshd']
/** OpenSSH's server, where this computer has one. */
export const installedSshd = (): string | undefined => places.find((path) => existsSync(path))

/** A service of this kind makes its folder when it starts; nobody but root needs it. */
const separationFolder = '/run/sshd'

/**
 * OpenSSH as an appliance has it: commands and SFTP for this user, on this computer alone, with keys that are thrown away. Each connection has
 * a process of its own, as under inetd, so that no server stays behind when this process is killed.
 */
export async function startApplianceSshd(program: string): Promise<ApplianceSshd> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-appliance-sshd-'))
  const path = (name: string): string => join(folder, name)
  const { uid, username } = userInfo()
  const [host, client] = [throwAwayKey(), throwAwayKey()]
  await writeFile(path('host'), host.private, { mode: 0o600 })
  await writeFile(path('key'), client.private, { mode: 0o600 })
  await writeFile(path('keys'), `restrict ${client.public}\n`, { mode: 0o600 })
  await writeFile(path('config'), [
    `HostKey ${path('host')}`, `AuthorizedKeysFile ${path('keys')}`, 'PidFile none', 'Subsystem sftp internal-sftp', `AllowUsers ${username}`,
    'UsePAM no', 'StrictModes no', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PermitRootLogin prohibit-password', '',
  ].join('\n'))
  if (uid === 0) await mkdir(separationFolder, { recursive: true })
  const children = new Set<ChildProcess>()
  const server = createServer({ pauseOnConnect: true }, (socket) => { serve(socket, children, program, ['-i', '-f', path('config'), '-E', path('log')]) })
  const port = await listening(server)
  return {
    port, user: username, keyFile: path('key'),
    hostKeySha256: `SHA256:${createHash('sha256').update(Buffer.from(host.public.split(' ')[1] ?? '', 'base64')).digest('base64').replace(/=+$/, '')}`,
    stop: async () => {
      server.close()
      await Promise.all([...children].map(async (child) => { const ended = once(child, 'exit'); child.kill('SIGTERM'); await ended }))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function serve(socket: Socket, children: Set<ChildProcess>, program: string, words: readonly string[]): void {
  socket.once('error', () => undefined)
  const child = spawn(program, words, { stdio: [socket, socket, 'ignore'] })
  children.add(child)
  child.once('exit', () => { children.delete(child) }).once('error', () => { children.delete(child) })
  // The child has its own copy; with ours open, nobody would see its end.
  socket.destroy()
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** One in a few hundred comes out of this generator so that its own parser refuses it. */
function throwAwayKey(): { readonly private: string; readonly public: string } {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519')
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair
  }
  throw new TypeError('no key could be made')
}
