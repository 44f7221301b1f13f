import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'

export interface Ser2net {
  readonly port: number
  stop(): Promise<void>
}

export function findSer2net(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.map((folder) => `${folder}/ser2net`).find((path) => existsSync(path))
}

/** Debian's RFC 2217 server on a free loopback port, for one serial device. */
export async function startSer2net(program: string, device: string): Promise<Ser2net> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-ser2net-'))
  const port = await freePort()
  const config = join(folder, 'ser2net.yaml')
  await writeFile(config, `connection: &bench\n  accepter: telnet(rfc2217),tcp,127.0.0.1,${port}\n  connector: serialdev,${device},115200n81,local\n`)
  let said = ''
  const child = spawn(program, ['-n', '-d', '-c', config], { stdio: ['ignore', 'pipe', 'pipe'] })
  const hear = (chunk: Buffer): void => { said = (said + chunk.toString()).slice(-4_000) }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = once(child, 'close')
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    const patience = new AbortController()
    after(5_000, undefined, { signal: patience.signal }).then(() => child.kill('SIGKILL'), () => undefined)
    await ended
    patience.abort()
    await rm(folder, { recursive: true, force: true })
  }
  for (let attempt = 0; attempt < 200; attempt += 1) {
    // With a line it does not like it goes on running, without a port.
    if (child.exitCode !== null || said.includes(' invalid: ')) break
    if (await answers(port)) return { port, stop }
    await after(25)
  }
  await stop()
  throw new Error(`ser2net did not start: ${said}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => { server.close(resolve) })
  return port
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false // not listening yet
  } finally {
    socket.destroy()
  }
}
