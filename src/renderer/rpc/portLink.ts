import { RPCLink } from '@orpc/client/message-port'
import type { RackbenchBridge } from '../../preload/bridge.d.ts'
import { takeLaneFrame } from '../../shared/rpc/portLane.ts'
import { withCheckedAnswers } from './checkedAnswers.ts'
import { type OpenWire, openLink, type WorkbenchLink } from './link.ts'

export interface PortPair {
  readonly rpc: MessagePort
  readonly bytes: MessagePort
}

const answerLimitMs = 5000

/** Ports cannot cross the bridge as values; they come as the transferred ports of one window message. */
async function requestPorts(bridge: RackbenchBridge, page: Window, signal: AbortSignal): Promise<PortPair> {
  return await new Promise<PortPair>((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerLimitMs)])
    const take = (event: MessageEvent<unknown>): void => {
      const { data, ports: [rpc, bytes], source } = event
      if (source !== page || typeof data !== 'object' || data === null || !('type' in data) || data.type !== 'rackbench-ports') return
      if (!rpc || !bytes) return
      page.removeEventListener('message', take)
      resolve({ rpc, bytes })
    }
    page.addEventListener('message', take)
    // After the ports have come this changes nothing: the promise is settled.
    limit.addEventListener('abort', () => { page.removeEventListener('message', take); reject(new Error('no ports')) }, { once: true })
    bridge.requestPorts()
  })
}

export function wireFromPorts({ rpc: rpcPort, bytes: bytesPort }: PortPair): OpenWire {
  const rpc = new RPCLink({ port: rpcPort, plugins: withCheckedAnswers() })
  let over = (): void => undefined
  const closed = new Promise<void>((resolve) => {
    over = resolve
    rpcPort.addEventListener('close', () => { resolve() })
    bytesPort.addEventListener('close', () => { resolve() })
  })
  rpcPort.start()
  return {
    rpc,
    lane: {
      send: (message) => { bytesPort.postMessage(message) },
      onFrame: (listener) => {
        bytesPort.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
          const frame = takeLaneFrame(data, (takenBytes) => { bytesPort.postMessage(takenBytes) })
          if (frame) listener(frame)
        })
        bytesPort.start()
      },
    },
    closed,
    close: () => { rpcPort.close(); bytesPort.close(); over() },
  }
}

/** Over the two ports of a desktop host. */
export function openPortLink(bridge: RackbenchBridge, page: Window): WorkbenchLink {
  return openLink({ open: async (signal) => wireFromPorts(await requestPorts(bridge, page, signal)) })
}
