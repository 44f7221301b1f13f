import { blockLimits, type TftpOption } from './frame.ts'

/** Bursts beyond this were seen to lose packets on every system tried, whatever the block. */
const mostBurstBytes = 128 * 1024

export interface OptionLimits {
  readonly mostBlockBytes: number
  /** What a client's socket can hold before it reads: a longer burst is lost in part, every time. */
  readonly burstBudgetBytes: number
}

/** What both sides keep to in one transfer. */
export interface TransferTerms {
  readonly blockBytes: number
  readonly windowBlocks: number
  /** The client's wish; `undefined` when it has none. */
  readonly timeoutMs: number | undefined
  /** What the writing side announced. */
  readonly announcedBytes: number | undefined
  /** To be repeated in the OACK, in the order asked. Empty: no OACK, the transfer starts at once. */
  readonly accepted: readonly TftpOption[]
}

/**
 * RFC 2347: an option that is unknown or out of range is left out of the answer, and is no error.
 * `fileBytes` is the answer to `tsize` when the client reads; `undefined` when it writes.
 */
export function agreeOnOptions(requested: readonly TftpOption[], limits: OptionLimits, fileBytes: number | undefined): TransferTerms {
  const asked = (name: string, least: number, most: number): number | undefined => {
    const text = requested.find((option) => option.name === name)?.value
    const value = text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined
    return value !== undefined && value >= least && value <= most ? value : undefined
  }
  // A larger block than allowed may be answered with a smaller one; a smaller one than allowed has no answer.
  const wishedBlock = asked('blksize', blockLimits.leastBytes, Number.MAX_SAFE_INTEGER)
  const blockBytes = Math.min(wishedBlock ?? blockLimits.defaultBytes, limits.mostBlockBytes, blockLimits.mostBytes)
  const wishedWindow = asked('windowsize', 1, 65_535)
  const windowBlocks = Math.min(wishedWindow ?? 1, burstBlocks(blockBytes, limits.burstBudgetBytes))
  const timeoutSeconds = asked('timeout', 1, 255)
  const announcedBytes = asked('tsize', 0, Number.MAX_SAFE_INTEGER)
  const answers: Readonly<Record<string, number | undefined>> = {
    blksize: wishedBlock === undefined ? undefined : blockBytes,
    windowsize: wishedWindow === undefined ? undefined : windowBlocks,
    timeout: timeoutSeconds,
    tsize: announcedBytes === undefined ? undefined : fileBytes ?? announcedBytes,
  }
  const accepted = requested.flatMap(({ name }) => {
    const answer = Object.hasOwn(answers, name) ? answers[name] : undefined
    return answer === undefined ? [] : [{ name, value: String(answer) }]
  })
  return { blockBytes, windowBlocks, timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1_000, announcedBytes, accepted }
}

/**
 * How many blocks may be on their way at once. Linux charges a receive buffer (212992 bytes by default) with what a
 * packet occupies, not with what it holds: the next power of two over payload and bookkeeping, and 256 bytes more.
 */
export function burstBlocks(blockBytes: number, budgetBytes: number): number {
  const occupiedBytes = 2 ** Math.ceil(Math.log2(blockBytes + 512)) + 256
  return Math.max(1, Math.floor(Math.min(budgetBytes / occupiedBytes, mostBurstBytes / blockBytes)))
}
