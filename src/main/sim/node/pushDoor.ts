import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { SimNode } from './simNode.ts'

const mostPushBytes = 921_600
const partitionBytes = 2 * 1024 * 1024

export interface PushDoorOptions {
  readonly node: SimNode
  /** Provisioned or not; with one, whoever pushes has to know it. */
  readonly key?: string | undefined
}

/** The node's own small server: who it is, and firmware from somebody beside it. */
export const createPushDoor = ({ node, key }: PushDoorOptions): Server => createServer((request, response) => {
  if (request.method === 'GET' && request.url === '/ota/status') { answer(response, 200, statusOf(node)); return }
  if (request.method === 'POST' && request.url === '/ota') {
    take(node, key, request, response).catch(() => { answer(response, 500, { status: 'error', error: 'write failed' }) })
    return
  }
  answer(response, 404, { status: 'error', error: 'not found' })
})

const statusOf = ({ flash }: SimNode): object => ({
  version: flash.version(), date: 'Nov 21 2026', time: '12:00:00', running_partition: flash.running === 'A' ? 'ota_0' : 'ota_1', next_partition: flash.running === 'A' ? 'ota_1' : 'ota_0', max_size: partitionBytes,
})

async function take(node: SimNode, key: string | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) { answer(response, 403, { status: 'error', error: 'forbidden' }); return }
  const length = Number(request.headers['content-length'] ?? 0)
  if (!(length > 0 && length <= mostPushBytes)) { answer(response, 400, { status: 'error', error: 'size' }); return }
  const writer = node.beginPush()
  if (!writer) { answer(response, 500, { status: 'error', error: 'busy' }); return }
  let bytes = 0
  for await (const piece of request as AsyncIterable<Uint8Array>) { bytes += piece.length; writer.write(piece) }
  if (bytes !== length || !writer.end()) { writer.abort(); answer(response, 500, { status: 'error', error: 'write failed' }); return }
  answer(response, 200, { status: 'ok', message: 'restarting', bytes })
  node.pushed()
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, 'connection': 'close' }).end(bytes)
}
