import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron'
import type { RackbenchBridge } from './bridge.d.ts'

/** The two things of the page that are needed here; the rest of the DOM is none of this script's business. */
declare const window: {
  readonly location: { readonly origin: string }
  postMessage(message: { readonly type: 'rackbench-ports' } | { readonly type: 'rackbench-command'; readonly id: string }, origin: string, ports?: readonly unknown[]): void
}

// Ports cannot cross the context bridge as values, but a window message hands them over.
ipcRenderer.on('rackbench-ports', (event: IpcRendererEvent) => {
  window.postMessage({ type: 'rackbench-ports' }, window.location.origin, event.ports)
})

// What was chosen in the application's menu; the page knows the list and takes nothing else.
ipcRenderer.on('rackbench-command', (_event: IpcRendererEvent, id: unknown) => {
  if (typeof id === 'string') window.postMessage({ type: 'rackbench-command', id }, window.location.origin)
})

const bridge: RackbenchBridge = { requestPorts: () => { ipcRenderer.send('rackbench-ports') } }
contextBridge.exposeInMainWorld('rackbench', bridge)
