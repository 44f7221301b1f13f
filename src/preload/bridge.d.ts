/**
 * What the preload script gives to the page. Ports cannot cross the bridge as values: the page calls `requestPorts()`, and
 * the preload script answers with a window message `{ type: 'rackbench-ports' }` whose `ports` are `[rpc, bytes]`.
 */
export interface RackbenchBridge {
  requestPorts(): void
}

declare global {
  interface Window {
    readonly rackbench?: RackbenchBridge
  }
}
