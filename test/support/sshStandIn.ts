import { generateKeyPairSync, createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import ssh2, { type Connection, type ServerChannel, type SFTPWrapper } from 'ssh2'

export interface SshStandIn {
  readonly port: number
  /** As `ssh-keygen -l` shows it. */
  readonly hostKeySha256: string
  readonly commands: readonly string[]
  /** Logins tried, with what was sent. */
  readonly logins: readonly string[]
  readonly connections: () => number
  /** What a command does. */
  answer: (command: string, channel: ServerChannel, connection: Connection) => void
  readonly close: () => Promise<void>
}

/** An SSH server with one user, "admin", password "secret", and a key that is made for it. */
export async function serveSsh(options: { readonly sftp?: (sftp: SFTPWrapper) => void } = {}): Promise<SshStandIn> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  const parsed = ssh2.utils.parseKey(pem)
  if (parsed instanceof Error) throw parsed
  const commands: string[] = []
  const logins: string[] = []
  const connections = new Set<Connection>()
  const server = new ssh2.Server({ hostKeys: [pem] }, (connection) => {
    connections.add(connection)
    ;(connection as unknown as { setNoDelay: (isOn: boolean) => void }).setNoDelay(true)
    connection.on('error', () => undefined).on('close', () => connections.delete(connection))
    connection.on('authentication', (context) => {
      if (context.method !== 'password') { context.reject(['password']); return }
      logins.push(`${context.username} ${context.password}`)
      if (context.username === 'admin' && context.password === 'secret') context.accept()
      else context.reject()
    })
    connection.on('session', (accept) => {
      const session = accept().on('exec', (take, _refuse, { command }) => {
        commands.push(command)
        standIn.answer(command, take(), connection)
      })
      const { sftp } = options
      if (sftp) session.on('sftp', (take) => { sftp(take()) })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const standIn: SshStandIn = {
    port: (server.address() as AddressInfo).port,
    hostKeySha256: `SHA256:${createHash('sha256').update(parsed.getPublicSSH()).digest('base64').replace(/=+$/, '')}`,
    commands, logins, connections: () => connections.size,
    answer: (_command, channel) => { channel.exit(0); channel.end() },
    close: async () => {
      for (const connection of connections) connection.end()
      await new Promise<void>((resolve) => { server.close(() => { resolve() }) })
    },
  }
  return standIn
}
