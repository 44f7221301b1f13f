import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freeTcpPort } from './freePort.ts'

export const redisPassword = 'N0body-May-Read-This'

export interface RedisPeer {
  readonly url: string
  /** From one moment to the next. */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

/** Debian's redis-server with a password, as our page on batches wants it; its folder is its own. */
export async function openRedis(program: string): Promise<RedisPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-redis-'))
  const port = await freeTcpPort()
  const configuration = join(folder, 'redis.conf')
  writeFileSync(configuration, `bind 127.0.0.1\nport ${port}\ndir ${folder}\nappendonly yes\nsave ""\nmaxmemory-policy noeviction\nrequirepass ${redisPassword}\n`, { mode: 0o600 })
  const start = async (): Promise<() => Promise<void>> => {
    const child = spawn(program, [configuration], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    const stop = async (): Promise<void> => { child.kill('SIGKILL'); await ended }
    for (let turn = 0; turn < 200 && child.exitCode === null; turn += 1) {
      if (await answers(port)) return stop
      await wait(50)
    }
    await stop()
    throw new Error('redis-server does not start')
  }
  let stop: (() => Promise<void>) | undefined = await start()
  const down = async (): Promise<void> => { await stop?.(); stop = undefined }
  return { url: `redis://:${redisPassword}@127.0.0.1:${port}`, down, up: async () => { stop = await start() }, close: async () => { await down(); rmSync(folder, { recursive: true, force: true }) } }
}

/** A server that still reads its file answers too, with LOADING. */
const answers = async (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1')
  const tell = (answer: boolean): void => { socket.destroy(); resolve(answer) }
  socket.setTimeout(1_000, () => { tell(false) })
  socket.once('error', () => { tell(false) })
  socket.once('connect', () => { socket.write(`AUTH ${redisPassword}\r\nPING\r\n`) })
  socket.on('data', (bytes: Buffer) => {
    if (bytes.includes('+PONG')) tell(true)
    else if (bytes.includes('-')) tell(false)
  })
})
