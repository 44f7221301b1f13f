import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import { type OpenWire, openLink, Refused, type WorkbenchClient, type WorkbenchLink } from './link.ts'
import { withCheckedAnswers } from './checkedAnswers.ts'

/** A host that does not answer within this time counts as away; local links answer within milliseconds. */
const answerLimitMs = 5000
/** "Policy violation" and the private range: the host knows us and says no. */
const refusals = (code: number): boolean => code === 1008 || (code >= 4400 && code < 4500)

async function openSocket(url: string, token: string, limitMs: number, signal: AbortSignal): Promise<WebSocket> {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  let giveUp = (): void => undefined
  try {
    await new Promise<void>((resolve, reject) => {
      giveUp = () => { socket.close(); reject(new Error('no answer')) }
      limit.addEventListener('abort', giveUp)
      socket.addEventListener('open', () => {
        // The token goes first, before anything else may be queued on this socket.
        socket.send(JSON.stringify({ token }))
        resolve()
      }, { once: true })
      socket.addEventListener('close', () => { reject(new Error('closed')) }, { once: true })
    })
    return socket
  } finally {
    // The limit is for the opening. Left in place it would close a link that is well, once its time is over.
    limit.removeEventListener('abort', giveUp)
  }
}

async function openWire(base: string, token: string, limitMs: number, signal: AbortSignal): Promise<OpenWire> {
  // Side by side: a page waits for both before it asks for anything.
  const bytes = openSocket(`${base}/bytes`, token, limitMs, signal)
  // It may end before it is waited for below, where it is told.
  bytes.catch(() => undefined)
  const dropBytes = (): void => { bytes.then((socket) => { socket.close() }, () => undefined) }
  const rpcSocket = await openSocket(`${base}/rpc`, token, limitMs, signal).catch((error: unknown) => { dropBytes(); throw error })
  let refused = false
  const closed = new Promise<void>((resolve) => {
    rpcSocket.addEventListener('close', ({ code }) => { refused = refusals(code); resolve() }, { once: true })
  })
  const rpc = new RPCLink({ websocket: rpcSocket, plugins: withCheckedAnswers() })
  try {
    // Only an answered call proves that the token was taken.
    await Promise.race([
      createORPCClient<WorkbenchClient>(rpc).system.here({}, { signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]) }),
      closed.then(() => { throw new Error('closed') }),
    ])
    const bytesSocket = await bytes
    // It may have closed while the call was answered, and nobody would hear of it any more.
    if (bytesSocket.readyState === WebSocket.CLOSED) throw new Error('closed')
    const bytesClosed = new Promise<void>((resolve) => { bytesSocket.addEventListener('close', () => { resolve() }, { once: true }) })
    const close = (): void => { rpcSocket.close(); bytesSocket.close() }
    return {
      rpc,
      lane: {
        send: (message) => { if (bytesSocket.readyState === WebSocket.OPEN) bytesSocket.send(message) },
        onFrame: (listener) => {
          bytesSocket.addEventListener('message', ({ data }) => { if (data instanceof ArrayBuffer) listener(new Uint8Array(data)) })
        },
      },
      closed: Promise.race([closed, bytesClosed]).then(close),
      close,
    }
  } catch (error) {
    rpcSocket.close()
    dropBytes()
    if (refused) throw new Refused('The workbench did not accept the token of this page. Open the address that it printed when it started.')
    throw error
  }
}

/** Over the web host that served this page. */
export function openWebLink(location: { readonly protocol: string; readonly host: string }, token: string, limitMs = answerLimitMs): WorkbenchLink {
  const base = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`
  return openLink({ open: async (signal) => await openWire(base, token, limitMs, signal) })
}
