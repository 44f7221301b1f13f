import { z } from 'zod'

/** No picture of a camera is larger; whoever sends more is not listened to. */
export const maxPictureBytes = 4 * 1024 * 1024

/** A picture older than this is no longer what the camera sees. */
export const staleAfterMs = 10_000

const isPlain = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && url.protocol === 'http:' && url.hostname !== '' && url.username === '' && url.password === ''
}

/** The address of a camera's own picture, as OpenIPC has it: `http://192.168.1.10/image.jpg`. */
export const snapshotUrlSchema = z.string().trim().max(512).refine(isPlain, 'an address that begins with http:// and has no user name or password')

/** What is known of a camera's pictures, beside the pictures, which go over the byte lane. Absent without an address. */
export const pictureViewSchema = z.object({
  url: z.string(),
  /** Why the last try brought none; empty when it did, or when nobody has tried. */
  note: z.string(),
  /** What can be done about it, where that is known. */
  next: z.string().optional(),
})
export type PictureView = z.infer<typeof pictureViewSchema>
