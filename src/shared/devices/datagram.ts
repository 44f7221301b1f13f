/** One bound UDP socket. A memory network and `node:dgram` both give these, so that loss can be tested on a virtual clock. */
export interface DatagramSocket {
  readonly address: string
  readonly port: number
  send(bytes: Uint8Array, to: Endpoint): void
  /** One listener; datagrams that come before it is set are dropped. */
  onDatagram(listener: (bytes: Uint8Array, from: Endpoint) => void): void
  close(): Promise<void>
}

export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** Binding fails with `host/port-in-use` or `host/no-permission`. Port 0 takes a free one. */
export interface DatagramNetwork {
  bind(address: string, port: number): Promise<DatagramSocket>
}
