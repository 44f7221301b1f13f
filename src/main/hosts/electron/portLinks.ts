import { RPCHandler } from '@orpc/server/message-port'
import { type BrowserWindow, type IpcMain, type IpcMainEvent, MessageChannelMain, type MessagePortMain } from 'electron'
import { newLinkContext } from '../../composition/linkContext.ts'
import { rpcErrorOptions } from '../../composition/rpcErrors.ts'
import type { Workbench } from '../../composition/workbench.ts'
import { createPortLaneEnd } from '../../../shared/rpc/portLane.ts'
import { isOurPage } from './pageWindow.ts'

const maxMessageChars = 256 * 1024

export interface PortLinksDeps {
  readonly ipcMain: Pick<IpcMain, 'on'>
  readonly workbench: Workbench
  readonly window: () => BrowserWindow | undefined
  readonly log: (line: string) => void
}

/** Gives our page a pair of ports when it asks; a page that asks again (a reload) gets a new pair and the old one ends. */
export function servePorts({ ipcMain, workbench, window, log }: PortLinksDeps): void {
  const rpc = new RPCHandler(workbench.router, rpcErrorOptions(log))
  let open: readonly MessagePortMain[] = []
  const closeAll = (): void => { for (const port of open) port.close(); open = [] }

  ipcMain.on('rackbench-ports', (event: IpcMainEvent) => {
    const frame = event.senderFrame
    // Only the main frame of our own window, still showing our own page.
    if (!frame || event.sender !== window()?.webContents || frame.parent !== null || !isOurPage(frame.url)) {
      log('somebody else asked for ports')
      return
    }
    closeAll()
    const calls = new MessageChannelMain()
    const bytes = new MessageChannelMain()
    open = [calls.port1, bytes.port1]
    rpc.upgrade(boundedPort(calls.port1), { context: newLinkContext() })
    workbench.serveLane(createPortLaneEnd(bytes.port1))
    calls.port1.start()
    bytes.port1.start()
    frame.postMessage('rackbench-ports', null, [calls.port2, bytes.port2])
  })
}

/** What the page sends is checked by schema; its size is checked here. */
function boundedPort(port: MessagePortMain): { on: (event: string, listener: (event?: { data: unknown }) => void) => void; postMessage: (data: unknown) => void } {
  return {
    on: (name, listener) => {
      if (name === 'close') port.on('close', () => { listener() })
      else port.on('message', (event) => { if (sizeOf(event.data) <= maxMessageChars) listener({ data: event.data }) })
    },
    postMessage: (data) => { port.postMessage(data) },
  }
}

const sizeOf = (data: unknown): number =>
  typeof data === 'string' ? data.length : data instanceof Uint8Array || data instanceof ArrayBuffer ? data.byteLength : Number.POSITIVE_INFINITY
