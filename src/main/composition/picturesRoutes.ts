import { implement } from '@orpc/server'
import { picturesContract } from '../../shared/contracts/pictures.contract.ts'
import type { RackSetup } from './rackSetup.ts'

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function pictureRoutes({ setup }: { readonly setup: RackSetup }) {
  const contract = implement(picturesContract)
  return {
    setUrl: contract.setUrl.handler(async ({ input }) => { await setup.setSnapshotUrl(input.cameraId, input.url); return {} }),
  }
}
