import { z } from 'zod'

/** Ids travel in URLs, file names and logs, so their alphabet is small. */
const idText = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/)

export const podIdSchema = idText.brand<'PodId'>()
export type PodId = z.infer<typeof podIdSchema>

export const cameraIdSchema = idText.brand<'CameraId'>()
export type CameraId = z.infer<typeof cameraIdSchema>

export const jobIdSchema = idText.brand<'JobId'>()
export type JobId = z.infer<typeof jobIdSchema>
