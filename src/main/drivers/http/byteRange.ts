/** One range of a file: from, and one behind the last. Several at once, and what is no range at all, are answered with the whole. */
export function rangeOf(header: string | undefined, sizeBytes: number): 'whole' | 'impossible' | readonly [number, number] {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  if (!found) return 'whole'
  const [, first = '', last = ''] = found
  if (first === '' && last === '') return 'whole'
  if (first === '') {
    const count = Math.min(Number(last), sizeBytes)
    return count === 0 ? 'impossible' : [sizeBytes - count, sizeBytes]
  }
  const [from, to] = [Number(first), last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes)]
  if (last !== '' && Number(last) < from) return 'whole'
  return from >= sizeBytes ? 'impossible' : [from, to]
}
