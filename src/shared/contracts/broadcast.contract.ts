import { oc } from '@orpc/contract'
import { z } from 'zod'
import { broadcastOutcomeSchema, broadcastRequestSchema } from '../consoles/broadcast.schema.ts'

export const broadcastContract = {
  /** One line into many consoles, each as `consoles.type` does it; one outcome for each camera. `input/malformed` for many that were not counted. */
  broadcast: oc.input(broadcastRequestSchema).output(z.array(broadcastOutcomeSchema)),
}
