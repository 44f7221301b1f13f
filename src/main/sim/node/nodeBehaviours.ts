/** One oddity of one node. The first that answers wins; none at all is a healthy node. */
export interface NodeBehaviour {
  /** A piece of a download as it arrives; `cut` ends the connection there. */
  readonly onDownload?: (piece: Uint8Array, offsetBytes: number) => Uint8Array | 'cut' | undefined
  /** Whether firmware of this version finds itself well after it was started. */
  readonly confirms?: (version: string) => boolean | undefined
}

/** One bit of the image turns over on its way, so many times; only the hash can tell. */
export function bitFlip(offsetBytes: number, times = 1): NodeBehaviour {
  let left = times
  return {
    onDownload: (piece, at) => {
      if (left === 0 || offsetBytes < at || offsetBytes >= at + piece.length) return undefined
      left -= 1
      return piece.map((byte, index) => (at + index === offsetBytes ? byte ^ 0x10 : byte))
    },
  }
}

/** The connection is lost at this byte, so many times. */
export function cutAt(offsetBytes: number, times = 1): NodeBehaviour {
  let left = times
  return {
    onDownload: (piece, at) => {
      if (left === 0 || at + piece.length <= offsetBytes) return undefined
      left -= 1
      return 'cut'
    },
  }
}

/** Firmware of this version starts and never finds itself well. */
export const neverConfirms = (version: string): NodeBehaviour => ({ confirms: (running) => (running === version ? false : undefined) })
