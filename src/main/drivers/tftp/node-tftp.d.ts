/** The part of node-tftp that the self-check uses. The package's own description covers more than it does. */
declare module 'node-tftp' {
  import type { Readable, Writable } from 'node:stream'

  export interface ClientOptions {
    readonly host: string
    readonly port: number
    readonly retries?: number
    /** Milliseconds; also sent to the server as the `timeout` option, which counts seconds. */
    readonly timeout?: number
    readonly blockSize?: number
    readonly windowSize?: number
  }
  export interface GetStream extends Readable {
    /** Tells the server; `abort` is emitted once the socket is closed. Before the socket exists it throws, and the socket stays open for good. */
    abort(reason?: string): void
  }
  export interface PutStream extends Writable {
    abort(reason?: string): void
  }
  export interface Client {
    createGetStream(name: string): GetStream
    createPutStream(name: string, options: { readonly size: number }): PutStream
  }
  const tftp: { createClient(options: ClientOptions): Client }
  export default tftp
}
