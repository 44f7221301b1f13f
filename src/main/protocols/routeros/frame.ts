/** What is accepted from the far end. A port table has rows of some 500 bytes; all else is a stranger or noise. */
export const sentenceLimits = { wordBytes: 64 * 1024, sentenceBytes: 256 * 1024, sentenceWords: 1_024 } as const

/** RouterOS listens here for the API, in the clear and under TLS. */
export const apiPorts = { plain: 8728, tls: 8729 } as const

/** Words up to the empty one that ends them, which is left out. */
export type Sentence = readonly string[]

export type ReplyKind = 'row' | 'done' | 'trap' | 'fatal' | 'other'

export interface Reply {
  readonly kind: ReplyKind
  /** `=key=value` words, the first of each key. A map, because the keys are the far end's. */
  readonly attributes: ReadonlyMap<string, string>
  /** Words without a key: `!fatal` says its reason so. */
  readonly loose: readonly string[]
}
