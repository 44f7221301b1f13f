import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron'
import type { RackbenchBridge } from './bridge.d.ts'

/** The two things of the page that are needed here; the rest of the DOM is none of this script's business. */
declare const window: {
  readonly location: { readonly origin: string }
  postMessage(message: { readonly type: 'rackbench-ports' }, origin: string, ports: readonly unknown[]): void
}

// Ports cannot cross the context bridge as values, but a window message hands them over.
ipcRenderer.on('rackbench-ports', (event: IpcRendererEvent) => {
  window.postMessage({ type: 'rackbench-ports' }, window.location.origin, event.ports)
})

const bridge: RackbenchBridge = { requestPorts: () => { ipcRenderer.send('rackbench-ports') } }
contextBridge.exposeInMainWorld('rackbench', bridge)
