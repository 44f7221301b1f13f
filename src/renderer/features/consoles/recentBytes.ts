/** As much as the lists show; the terminal has its own scroll-back, and the captures have everything. */
const keptBytes = 128 * 1024

/** The newest bytes of a console and where they stand. */
export interface RecentBytes {
  push(bytes: Uint8Array, position: number): void
  read(): { readonly position: number; readonly bytes: Uint8Array }
}

export function createRecentBytes(): RecentBytes {
  let pieces: Uint8Array[] = []
  let length = 0
  let end = 0
  const joined = (): Uint8Array => {
    const whole = new Uint8Array(length)
    let at = 0
    for (const piece of pieces) { whole.set(piece, at); at += piece.length }
    return whole
  }
  const keepNewest = (): void => {
    const newest = joined().slice(-keptBytes)
    pieces = [newest]
    length = newest.length
  }
  return {
    push: (bytes, position) => {
      // After a hole, or a workbench that counts anew, older bytes would stand at wrong places.
      if (position !== end) { pieces = []; length = 0 }
      pieces.push(bytes)
      length += bytes.length
      end = position + bytes.length
      if (length > 2 * keptBytes) keepNewest()
    },
    read: () => {
      if (pieces.length > 1 || length > keptBytes) keepNewest()
      return { position: end - length, bytes: pieces[0] ?? new Uint8Array(0) }
    },
  }
}
