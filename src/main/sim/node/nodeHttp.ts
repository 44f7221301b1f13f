import { request } from 'node:http'

export interface NodeAnswerHead {
  readonly status: number
  /** Undefined for an answer in chunks, which the node cannot read. */
  readonly lengthBytes: number | undefined
}

export interface NodeQuestion {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** False: the answer is not wanted, and the connection is closed. */
  readonly onHead: (head: NodeAnswerHead) => boolean
  /** False: the connection is closed in the middle. */
  readonly onPiece: (piece: Uint8Array) => boolean
}

/** How a node asks: plain HTTP, one connection for each question. Ends when the answer has, or was turned down. */
export type NodeHttp = (question: NodeQuestion, signal: AbortSignal) => Promise<void>

export const nodeHttp: NodeHttp = async ({ url, headers, onHead, onPiece }, signal) => {
  signal.throwIfAborted()
  return new Promise<void>((resolve, reject) => {
    const asked = request(url, { agent: false, headers: { ...headers, connection: 'close' } })
    const stop = (): void => { asked.destroy(); reject(signal.reason as Error) }
    signal.addEventListener('abort', stop, { once: true })
    const end = (error?: Error): void => { signal.removeEventListener('abort', stop); asked.destroy(); if (error) reject(error); else resolve() }
    asked.on('error', end)
    asked.on('response', (response) => {
      const length = /^\d{1,9}$/.test(response.headers['content-length'] ?? '') && response.headers['transfer-encoding'] === undefined ? Number(response.headers['content-length']) : undefined
      if (!onHead({ status: response.statusCode ?? 0, lengthBytes: length })) { end(); return }
      response.on('data', (piece: Uint8Array) => { if (!onPiece(piece)) end() })
      response.on('end', () => { end() })
      response.on('error', end)
    })
    asked.end()
  })
}
