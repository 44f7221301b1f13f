import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue'
import type { CameraId } from '../../shared/devices/ids.ts'
import type { ShownPicture } from '../rpc/pictureLane.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

/** As wide as a card ever is on a dense screen; the rest of the pixels would only be held. */
const drawnWidthPx = 640

export interface PictureShown {
  /** When the picture on the canvas was taken, by the workbench's clock. */
  readonly takenAtMs: Readonly<Ref<number | undefined>>
  readonly cannotDraw: Readonly<Ref<boolean>>
}

/** Draws the newest picture of one camera. A camera without an address (`wanted` false) is not asked for one. */
export function usePicture(camera: Ref<CameraId>, wanted: Ref<boolean>, canvas: Readonly<Ref<HTMLCanvasElement | null>>): PictureShown {
  const { pictures } = useWorkbench()
  const takenAtMs = shallowRef<number>()
  const cannotDraw = ref(false)
  let stop = (): void => undefined
  let waiting: ShownPicture | undefined
  let drawing = false
  let over = false

  async function draw({ jpeg, takenAtMs: atMs }: ShownPicture, isMine: () => boolean): Promise<void> {
    try {
      // Only ever as a picture: what else it may be is never looked at.
      const bitmap = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }), { resizeWidth: drawnWidthPx, resizeQuality: 'medium' })
      const target = canvas.value
      if (target && isMine()) {
        target.width = bitmap.width
        target.height = bitmap.height
        target.getContext('2d')?.drawImage(bitmap, 0, 0)
        takenAtMs.value = atMs
        cannotDraw.value = false
      }
      bitmap.close()
    } catch {
      // The decoder says only that it cannot; the card says it in words.
      if (isMine()) cannotDraw.value = true
    }
  }
  async function drawNewest(isMine: () => boolean): Promise<void> {
    if (drawing) return
    drawing = true
    while (waiting && !over) {
      const next = waiting
      waiting = undefined
      await draw(next, isMine)
    }
    drawing = false
  }

  watch([camera, wanted], ([id, isWanted]) => {
    stop()
    takenAtMs.value = undefined
    cannotDraw.value = false
    waiting = undefined
    let mine = true
    const leave = isWanted ? pictures.watch(id, (picture) => { waiting = picture; void drawNewest(() => mine && !over) }) : () => undefined
    stop = () => { mine = false; leave() }
  }, { immediate: true })
  onScopeDispose(() => { over = true; stop() })
  return { takenAtMs, cannotDraw }
}
