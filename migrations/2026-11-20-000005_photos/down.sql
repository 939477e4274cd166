DROP TABLE uploads, photo_references, photos;
