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
