import { createHash, timingSafeEqual } from 'node:crypto'
import type { RawData, WebSocket } from 'ws'

/** The page sends it in the same breath as it connects. */
const answerLimitMs = 5_000
const maxTokenBytes = 1_024
/** Our range of close codes: the host is well and says no. */
export const refusedCode = 4401

/** Hashed first: the comparison then takes the same time whatever was sent, its length included. */
export function sameToken(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

function tokenOf(data: RawData, isBinary: boolean): string | undefined {
  const bytes = data instanceof Buffer ? data : undefined
  if (isBinary || !bytes || bytes.length > maxTokenBytes) return undefined
  try {
    const message: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof message === 'object' && message !== null && 'token' in message && typeof message.token === 'string' ? message.token : undefined
  } catch {
    // Not JSON is no token.
    return undefined
  }
}

/** Calls `enter` in the same turn as the right token arrives, so that the message behind it is not lost; closes otherwise. */
export function awaitToken(socket: WebSocket, token: string, enter: () => void): void {
  const late = setTimeout(() => { socket.close(refusedCode, 'no token') }, answerLimitMs)
  socket.once('close', () => { clearTimeout(late) })
  socket.once('message', (data, isBinary) => {
    clearTimeout(late)
    const given = tokenOf(data, isBinary)
    if (given !== undefined && sameToken(given, token)) enter()
    else socket.close(refusedCode, 'wrong token')
  })
}
