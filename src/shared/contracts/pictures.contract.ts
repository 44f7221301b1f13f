import { oc } from '@orpc/contract'
import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { snapshotUrlSchema } from '../pictures/pictures.schema.ts'

/** The pictures themselves come over the byte lane (shared/rpc/pictureFrame.ts). */
export const picturesContract = {
  /** Where the camera's picture is; without an address it has none. Asks nobody. */
  setUrl: oc.input(z.object({ cameraId: cameraIdSchema, url: snapshotUrlSchema.optional() })).output(z.object({})),
}
