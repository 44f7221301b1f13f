import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { serveWeb, type WebHost } from '../../src/main/hosts/web/webHost.ts'
import type { WriterView } from '../../src/shared/consoles/consoleTools.schema.ts'
import type { WorkbenchContract } from '../../src/shared/contracts/workbench.contract.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'

const token = 'T'.repeat(43)

/** A camera that is a TCP port: says what it is told to, and hears. */
export interface FarCamera {
  readonly url: string
  say(words: string | Uint8Array): void
  heard(): string
  clients(): number
  /** As when it restarts: the line is gone, and may be opened again. */
  hangUp(): void
  /** Answers each line that ends so. */
  answer(line: string, words: string): void
}
export async function openFarCamera(): Promise<FarCamera> {
  const sockets = new Set<Socket>()
  const answers = new Map<string, string>()
  let heard = ''
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => { sockets.delete(socket) })
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      for (const [line, words] of answers) if (heard.endsWith(line)) socket.write(words)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => { for (const socket of sockets) socket.destroy(); await new Promise<void>((resolve) => { server.close(() => { resolve() }) }) })
  return {
    url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, heard: () => heard, clients: () => sockets.size,
    hangUp: () => { for (const socket of sockets) socket.destroy() },
    say: (words) => { for (const socket of sockets) socket.write(words) },
    answer: (line, words) => { answers.set(line, words) },
  }
}

export interface Window {
  readonly client: ContractRouterClient<WorkbenchContract>
  readonly viewer: { readonly name: string }
  /** Looks at the console; gives what it is told about the writer, newest last. */
  look(cameraId: CameraId): Promise<WriterView[]>
  /** As when its computer loses the network. */
  die(): void
}
export interface ConsoleBench {
  readonly workbench: OpenWorkbench
  readonly web: WebHost
  readonly folder: string
  readonly log: string[]
  window(name?: string): Promise<Window>
  add(url: string, name?: string): CameraId
}

/** The real workbench behind the real web host; windows are links of their own. */
export async function openConsoleBench(): Promise<ConsoleBench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-consoles-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const log: string[] = []
  mkdirSync(join(folder, 'renderer'))
  writeFileSync(join(folder, 'renderer/index.html'), '<!doctype html>')
  const workbench = await createWorkbench({
    host: 'web', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../resources'), log: (line) => { log.push(line) },
  })
  onTestFinished(async () => workbench.close())
  const web = await serveWeb({ workbench, host: '127.0.0.1', port: 0, rendererFolder: join(folder, 'renderer'), newToken: () => token, log: (line) => { log.push(line) } })
  onTestFinished(async () => web.close())
  return {
    workbench, web, folder, log,
    window: async (name = '') => {
      const viewer = { name }
      const socket = new WebSocket(`ws://127.0.0.1:${web.port}/rpc`, { origin: `http://127.0.0.1:${web.port}` })
      socket.on('error', () => undefined)
      await once(socket, 'open')
      socket.send(JSON.stringify({ token }))
      onTestFinished(() => { socket.terminate() })
      const client = createORPCClient<ContractRouterClient<WorkbenchContract>>(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket }))
      return {
        client, viewer,
        look: async (cameraId) => {
          const seen: WriterView[] = []
          const first = Promise.withResolvers<undefined>()
          const follow = async (): Promise<void> => {
            for await (const view of await client.consoles.watchWriter({ cameraId, viewer })) { seen.push(view); first.resolve(undefined) }
          }
          follow().catch(first.reject)
          await first.promise
          return seen
        },
        die: () => { socket.terminate() },
      }
    },
    add: (url, name = 'Gate') => workbench.setup.addForNow({ url, name: '', cameraName: name, chip: 'hi3516ev300' }).cameraId,
  }
}
