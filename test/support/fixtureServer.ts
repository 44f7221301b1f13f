import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RPCHandler } from '@orpc/server/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { type PageFile, readPageFiles } from '../../src/main/composition/pageFiles.ts'
import { createFixtureWorkbench, type FixtureOptions, type FixtureWorkbench } from './fixtureWorkbench.ts'

export interface FixtureServer {
  readonly url: string
  readonly workbench: FixtureWorkbench
  /** Cuts all links and refuses new ones, as a killed host does; `false` lets them come back. */
  cut(on: boolean): void
  close(): Promise<void>
}

/** Speaks the web host's protocol over the fixture; serves the built page. */
export async function openFixtureServer(pageFolder: string, options: FixtureOptions, token = 'fixture-token', port = 0): Promise<FixtureServer> {
  const workbench = createFixtureWorkbench(options)
  const handler = new RPCHandler(workbench.router)
  const sockets = new WebSocketServer({ noServer: true })
  let isCut = false

  // As the web host serves it: what violates its policy here would not work there. Where nothing is built there are only the links.
  const files: ReadonlyMap<string, PageFile> = await readPageFiles(pageFolder).catch(() => new Map())
  const server = createServer((request, response) => {
    const found = files.get(new URL(request.url ?? '/', 'http://x').pathname)
    if (!found) { response.writeHead(404).end(); return }
    readFile(found.file).then((body) => { response.writeHead(200, found.headers).end(body) }, () => { response.writeHead(404).end() })
  })

  function serve(socket: WebSocket, path: string): void {
    socket.once('message', (first: Buffer) => {
      const given: unknown = JSON.parse(first.toString())
      if (typeof given !== 'object' || given === null || !('token' in given) || given.token !== token) { socket.close(1008, 'wrong token'); return }
      if (path === '/rpc') { void handler.upgrade(socket); return }
      workbench.serveLane({
        send: (message) => { socket.send(message) },
        get bufferedBytes() { return socket.bufferedAmount },
        onMessage: (listener) => { socket.on('message', (data: Buffer, binary) => { listener(binary ? new Uint8Array(data) : data.toString()) }) },
        onClose: (listener) => { socket.on('close', listener) },
      })
    })
  }
  server.on('upgrade', (request, socket, head) => {
    if (isCut) { socket.destroy(); return }
    sockets.handleUpgrade(request, socket, head, (opened) => { serve(opened, request.url ?? '') })
  })
  await new Promise<void>((resolve) => { server.listen(port, '127.0.0.1', resolve) })
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${String(bound)}/#token=${token}`, workbench,
    cut: (on) => { isCut = on; if (on) for (const socket of sockets.clients) socket.terminate() },
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise<void>((resolve) => { server.close(() => { resolve() }) })
    },
  }
}
