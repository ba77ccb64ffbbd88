-- AlterTable
ALTER TABLE "images" ADD COLUMN     "pages_read" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "image_pages" (
    "image_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "read" JSONB NOT NULL,

    CONSTRAINT "image_pages_pkey" PRIMARY KEY ("image_id","number")
);

-- AddForeignKey
ALTER TABLE "image_pages" ADD CONSTRAINT "image_pages_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What was read before there were pages is the first one.
INSERT INTO "image_pages" ("image_id", "number", "read")
SELECT "id", 1, jsonb_build_object('width', "width", 'height', "height") || "ocr" FROM "images" WHERE "ocr" IS NOT NULL;
UPDATE "images" SET "pages_read" = 1 WHERE "ocr" IS NOT NULL;
