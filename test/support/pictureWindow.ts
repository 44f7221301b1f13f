import { onTestFinished } from 'vitest'
import type { OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import type { ByteLaneEnd } from '../../src/shared/rpc/byteLane.ts'
import { parsePictureFrame } from '../../src/shared/rpc/pictureFrame.ts'

/** A window that looks at one camera. */
export function lookAtPictures(workbench: Pick<OpenWorkbench, 'serveLane'>, camera: string): { picture: () => Uint8Array | undefined; leave: () => void } {
  const pieces = new Map<number, Uint8Array[]>()
  let whole: Uint8Array | undefined
  let ask: (message: string) => void = () => undefined
  const closers: (() => void)[] = []
  const end: ByteLaneEnd = {
    bufferedBytes: 0, onMessage: (listener) => { ask = listener }, onClose: (listener) => { closers.push(listener) },
    send: (message) => {
      const frame = parsePictureFrame(message as Uint8Array)
      if (!frame) return
      const own = pieces.get(frame.sequence) ?? []
      pieces.set(frame.sequence, [...own, frame.piece])
      if (frame.offsetBytes + frame.piece.length === frame.lengthBytes) whole = Buffer.concat([...own, frame.piece])
    },
  }
  workbench.serveLane(end)
  ask(JSON.stringify({ do: 'watch-picture', camera }))
  const leave = (): void => { for (const close of closers) close() }
  onTestFinished(leave)
  return { picture: () => whole, leave }
}
