/**
 * Images that several jobs write are held once: eight cameras with the same dump need its bytes one time, not eight. Kept as long as
 * somebody uses them and no longer.
 */
export interface SharedBytes {
  share(digest: string, bytes: Uint8Array): Uint8Array
}

export function createSharedBytes(): SharedBytes {
  const known = new Map<string, WeakRef<Uint8Array>>()
  return {
    share: (digest, bytes) => {
      const held = known.get(digest)?.deref()
      if (held && held.length === bytes.length) return held
      for (const [other, reference] of known) if (reference.deref() === undefined) known.delete(other)
      known.set(digest, new WeakRef(bytes))
      return bytes
    },
  }
}

/** The same for files that are put together from shared parts: found again by the very parts, so nothing is compared. */
export function createSharedWholes<Whole extends { readonly parts: readonly { readonly bytes: Uint8Array }[] }>(build: (whole: Whole) => Uint8Array): (whole: Whole) => Uint8Array {
  const known = new WeakMap<Uint8Array, { readonly parts: readonly Uint8Array[]; readonly bytes: WeakRef<Uint8Array> }>()
  return (whole) => {
    const parts = whole.parts.map(({ bytes }) => bytes)
    const [first] = parts
    const found = first && known.get(first)
    const held = found?.parts.length === parts.length && found.parts.every((part, index) => part === parts[index]) ? found.bytes.deref() : undefined
    if (held) return held
    const bytes = build(whole)
    if (first) known.set(first, { parts, bytes: new WeakRef(bytes) })
    return bytes
  }
}
