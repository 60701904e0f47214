// OperationService: what a mutation that outlived its caller is doing or did.
import {
  GetOperationResponse,
  type OperationServiceService,
} from "../../proto/gen/vgpud/v1/operation_service.ts";
import { AgentError } from "../core/errors.ts";
import type { ApiContext } from "./context.ts";
import { toWireOperation } from "./convert/operation.ts";
import type { Handlers } from "./unary.ts";
import { formed } from "./validate/fields.ts";

const NAME = {
  pattern: /^operations\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  maxBytes: 47,
  described: "operations/ and a lower-case UUID",
};

export function operationHandlers({
  ledger,
  operations,
}: ApiContext): Handlers<typeof OperationServiceService> {
  return {
    getOperation: async ({ name }) => {
      const id = formed("name", name, NAME).slice("operations/".length);
      const claim = ledger.byOperation(id);
      const found = claim ? { claim, operation: claim.operation } : operations.ended(id);
      if (!found)
        throw new AgentError("OPERATION_NOT_FOUND", `there is no operation ${name}, or it ended long ago`, {
          details: { operation: name },
        });
      const operation = toWireOperation(found.operation, found.claim, operations.stalledBy(id));
      return Promise.resolve(GetOperationResponse.fromPartial({ operation }));
    },
  };
}
