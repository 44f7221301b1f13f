/** RFC 1350 and RFC 2347. */
export const opcodes = { readRequest: 1, writeRequest: 2, data: 3, ack: 4, error: 5, optionsAck: 6 } as const

export const errorNumbers = {
  inWords: 0, fileNotFound: 1, accessRefused: 2, noRoom: 3, illegalOperation: 4, unknownTransfer: 5, fileExists: 6, noSuchUser: 7, optionsRefused: 8,
} as const

/** RFC 2348: what a block may hold, and what it holds when nobody asked. */
export const blockLimits = { leastBytes: 8, mostBytes: 65_464, defaultBytes: 512 } as const

/** Requests come from strangers. RFC 2347 allows 512 bytes; a little more is read, so that a long name gets an answer. */
export const requestLimits = { requestBytes: 1_468, nameBytes: 512, optionCount: 16 } as const

export interface TftpOption {
  /** Lower case: names are compared without case. */
  readonly name: string
  readonly value: string
}

export interface TftpRequest {
  readonly kind: 'read-request' | 'write-request'
  readonly name: string
  /** Lower case: `octet`, `netascii`, or whatever the client wrote. */
  readonly mode: string
  readonly options: readonly TftpOption[]
}

export type TftpFrame =
  | TftpRequest
  | { readonly kind: 'data'; readonly block: number; readonly bytes: Uint8Array }
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly number: number; readonly message: string }
  | { readonly kind: 'options-ack'; readonly options: readonly TftpOption[] }
  | { readonly kind: 'malformed'; readonly opcode: number | undefined; readonly reason: string }
