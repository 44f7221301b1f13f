import { snapshotUrlSchema } from '../../../../shared/pictures/pictures.schema.ts'
import { quoted, usage } from '../arguments.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { cameraNamed, type RackScene } from './rackScene.ts'

/** Where a camera's own picture is. Without an address: which one is kept, and what its consoles told; nothing is asked there. */
export async function pictureOfCamera({ words: [name, wanted, ...more], workbench, deps, teller }: RackScene): Promise<ExitCode> {
  if (more.length > 0) throw usage(`${quoted(more[0] ?? '')} is one word too many`, 'rackbench rack picture CAMERA http://192.168.1.10/image.jpg, or none')
  const spec = await cameraNamed(name, workbench)
  if (wanted === undefined) {
    const offer = await workbench.inventories.pictureOffer(spec.cameraId, deps.interrupt.signal)
    const kept = spec.snapshotUrl ?? null
    const told = offer === undefined || offer === kept ? '' : `; its console told of an address, so it may be ${offer}: "rackbench rack picture ${spec.cameraName} ${offer}" takes it`
    return teller.done(exitCodes.success, { camera: spec.cameraId, picture: kept, offer: offer ?? null }, plainText(`${spec.cameraName}: ${kept ?? 'no address of a picture is kept'}${told}`, 1_000))
  }
  const read = wanted === 'none' ? undefined : snapshotUrlSchema.safeParse(wanted)
  if (read && !read.success) throw usage(`${quoted(wanted)} is no address of a picture: ${read.error.issues[0]?.message ?? ''}`)
  await workbench.inventories.setPicture(spec.cameraId, read?.data)
  return teller.done(exitCodes.success, { camera: spec.cameraId, picture: read?.data ?? null }, plainText(`${spec.cameraName}: ${read ? `its picture is asked for at ${read.data} while a window looks` : 'its picture is asked for nowhere'}`, 1_000))
}
