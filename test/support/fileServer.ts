import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = (response: ServerResponse, request: IncomingMessage) => void

export interface FileServer {
  readonly url: string
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[]
  /** What a path answers from now on; everything else is 404. */
  on(path: string, answer: Answer | Uint8Array): void
  close(): Promise<void>
}

/** A web server on loopback whose answers a test chooses, the wrong ones included. */
export async function openFileServer(): Promise<FileServer> {
  const answers = new Map<string, Answer>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const answer = answers.get(path.split('?')[0] ?? '')
    if (answer) answer(response, request)
    else response.writeHead(404).end('no such file')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    on: (path, answer) => { answers.set(path, typeof answer === 'function' ? answer : (response) => { response.writeHead(200, { 'content-length': answer.length, etag: '"one"' }).end(answer) }) },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const cutOff = (bytes: Uint8Array, sentBytes: number): Answer => (response) => {
  response.writeHead(200, { 'content-length': bytes.length })
  response.write(bytes.subarray(0, sentBytes), () => { response.destroy() })
}
/** The headers, a little, and then nothing more. */
export const stalled = (bytes: Uint8Array): Answer => (response) => {
  response.writeHead(200, { 'content-length': bytes.length })
  response.write(bytes.subarray(0, 100))
}
export const redirect = (location: string, status = 302): Answer => (response) => { response.writeHead(status, { location }).end('elsewhere') }
