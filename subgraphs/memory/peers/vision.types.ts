/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** An image that will be uploaded. */
export type CreateImageUploadInput = {
  /** Media type: image/jpeg, image/png, image/webp, image/gif, image/avif, image/heic, image/heif or image/tiff. */
  contentType: string;
  /** Name of the file, 1 to 255 characters. */
  fileName: string;
  /** The image is a page of a document, to be read: `images` does not list it, and it is deleted a day later. */
  forDocument?: boolean;
  /** Read its text as soon as it has arrived. */
  recognizeText?: boolean;
  /** Size of the file in bytes, at most 25 MiB. */
  size: number;
};

/** Which image to delete. */
export type DeleteImageInput = {
  /** Id of the image. */
  id: string | number;
};

/** How far an image is. */
export type ImageStatus =
  /** The file has arrived and is being analysed. */
  | 'ANALYSING'
  /** The file has yet to be uploaded. */
  | 'AWAITING_UPLOAD'
  /** The image can be used. */
  | 'READY'
  /** The file cannot be used as an image; `problem` says why. */
  | 'REFUSED';

/** How far the reading of a text is. */
export type ImageTextStatus =
  /** The text was read; it may be empty. */
  | 'DONE'
  /** The text could not be read; `problem` says why. */
  | 'FAILED'
  /** The reading waits its turn or is being read. */
  | 'RUNNING';

export type BeginPageMutationVariables = Exact<{
  input: CreateImageUploadInput;
}>;


export type BeginPageMutation = { createImageUpload: { image: { id: string }, upload: { url: string, method: string, headers: Array<{ name: string, value: string }> } } | null };

export type PageTextQueryVariables = Exact<{
  id: string | number;
}>;


export type PageTextQuery = { image: { status: ImageStatus, problem: string | null, ocr: { status: ImageTextStatus, problem: string | null, text: string } | null } | null };

export type DeletePageMutationVariables = Exact<{
  input: DeleteImageInput;
}>;


export type DeletePageMutation = { deleteImage: { deletedId: string } | null };


export const BeginPageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"BeginPage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateImageUploadInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createImageUpload"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"image"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"Field","name":{"kind":"Name","value":"upload"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"method"}},{"kind":"Field","name":{"kind":"Name","value":"headers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}}]}}]}}]}}]} as unknown as DocumentNode<BeginPageMutation, BeginPageMutationVariables>;
export const PageTextDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"PageText"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"image"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"problem"}},{"kind":"Field","name":{"kind":"Name","value":"ocr"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"problem"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}}]}}]} as unknown as DocumentNode<PageTextQuery, PageTextQueryVariables>;
export const DeletePageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeletePage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DeleteImageInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteImage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deletedId"}}]}}]}}]} as unknown as DocumentNode<DeletePageMutation, DeletePageMutationVariables>;