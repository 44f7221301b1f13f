export interface CommentedPort {
  readonly name: string
  readonly comment: string
}

export type CommentMatch =
  | { readonly kind: 'exact' | 'similar'; readonly port: CommentedPort }
  /** More than one fits: a person decides. Never the first one, whose camera may be in the middle of a write. */
  | { readonly kind: 'ambiguous'; readonly candidates: readonly CommentedPort[] }
  | { readonly kind: 'none'; readonly candidates: readonly CommentedPort[] }

/** "av" is part of half the labels of a lab, so shorter texts fit only when they are equal. */
const leastSimilarLetters = 3

/** Case and outer blanks do not count. Exact first; then one text within the other, either way round, if exactly one port fits. */
export function matchComment(label: string, ports: readonly CommentedPort[]): CommentMatch {
  const wanted = plain(label)
  const commented = ports.filter(({ comment }) => plain(comment) !== '')
  if (wanted === '') return { kind: 'none', candidates: commented }
  const exact = commented.filter(({ comment }) => plain(comment) === wanted)
  if (exact.length > 0) return single(exact, 'exact')
  const similar = commented.filter(({ comment }) => isPart(plain(comment), wanted) || isPart(wanted, plain(comment)))
  return similar.length > 0 ? single(similar, 'similar') : { kind: 'none', candidates: commented }
}

function single(found: readonly CommentedPort[], kind: 'exact' | 'similar'): CommentMatch {
  const [port] = found
  return port && found.length === 1 ? { kind, port } : { kind: 'ambiguous', candidates: found }
}

const plain = (text: string): string => text.trim().toLowerCase()
const isPart = (part: string, whole: string): boolean => part.length >= leastSimilarLetters && whole.includes(part)
