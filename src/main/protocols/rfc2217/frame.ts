/** RFC 854; RFC 1184 has the lowest one. */
export const telnetCodes = { firstCommand: 236, end: 240, begin: 250, will: 251, wont: 252, willDo: 253, dont: 254, escape: 255 } as const

/** RFC 856, RFC 858, RFC 2217. */
export const telnetOptions = { binary: 0, suppressGoAhead: 3, comPort: 44 } as const

/** RFC 2217, as the client sends them; the answers carry `serverOffset` more. */
export const comPortCommands = { setBaudRate: 1, setDataSize: 2, setParity: 3, setStopSize: 4, setControl: 5 } as const
export const serverOffset = 100

export const parities = { none: 1 } as const
export const stopSizes = { one: 1 } as const
export const controls = {
  noFlowControl: 1, softwareFlowControl: 2, hardwareFlowControl: 3, breakOn: 5, breakOff: 6, dtrOn: 8, dtrOff: 9, rtsOn: 11, rtsOff: 12,
} as const

/** The longest one of RFC 2217 is a signature, a line of text; what is longer is no telnet. */
export const mostSubnegotiationBytes = 1_024

/** `do` as the RFC has it: "please switch it on at your side". */
export type OptionVerb = 'will' | 'wont' | 'do' | 'dont'

export type TelnetFrame =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'option'; readonly verb: OptionVerb; readonly option: number }
  /** What a server says about its port; `command` without the offset. */
  | { readonly kind: 'port-answer'; readonly command: number; readonly payload: Uint8Array }
  /** Another subnegotiation, or another command such as a "go ahead": of no meaning here. */
  | { readonly kind: 'other'; readonly code: number }
  /** From here on nobody can tell what is data. */
  | { readonly kind: 'malformed'; readonly reason: string }
